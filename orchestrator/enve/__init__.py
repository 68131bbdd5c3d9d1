"""enve: signed plans, marched over SSH into a process manager on every node (the controller)."""

__version__ = "0.1.0"
