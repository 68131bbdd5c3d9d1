"""Verify: what lies there against the marks of who laid it."""
