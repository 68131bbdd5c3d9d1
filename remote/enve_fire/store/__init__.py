"""The store: things kept by the hash of a text that says how they are made."""
