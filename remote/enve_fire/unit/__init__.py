"""What pm runs: one step (check, make) of one unit that is a stage."""
