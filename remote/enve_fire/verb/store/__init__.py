"""`store VERB`, verb by verb."""
