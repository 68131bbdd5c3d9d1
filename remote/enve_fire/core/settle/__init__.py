"""Settle, pure: what a profile may say of a root, and the root as lines for pm."""
