"""Templates: Jinja2 in a sandbox, what they see, and what they may use up."""
