"""What pm runs: one step (check, make, undo) of one unit that is a stage."""
