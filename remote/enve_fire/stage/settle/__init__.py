"""Settle: the root that a product gets, laid by pm's own units."""
