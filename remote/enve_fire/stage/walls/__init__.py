"""Walls around a command: what it sees, what it is, and who ends it."""
