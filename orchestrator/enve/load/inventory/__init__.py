"""Inventories: from files to one Domain."""
