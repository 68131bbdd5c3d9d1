"""Other process managers beside pm, each at its best settings, seen from /proc as pm is."""
