"""Folders: their hash, copies of them, what differs between two."""
