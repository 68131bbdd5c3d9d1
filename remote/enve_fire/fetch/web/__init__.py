"""Web servers: one request, one file in however many tries."""
