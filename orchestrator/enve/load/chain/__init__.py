"""The commit of a spot, pinned, as the units of its stages."""
