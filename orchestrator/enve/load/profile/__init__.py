"""Profiles: `enve.yml` of a product, and of all that it needs, as strict tables."""
