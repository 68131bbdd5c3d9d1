"""Hypothesis without a deadline per example: the machine is shared, and slow is not wrong."""

from hypothesis import settings

settings.register_profile("shared", deadline=None)
settings.load_profile("shared")
