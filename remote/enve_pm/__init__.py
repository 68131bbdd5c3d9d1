"""pm: the process manager of a node. Standard library only, Python >= 3.8, pushed as one file."""

__version__ = "0.1.0"
