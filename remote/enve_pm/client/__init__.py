"""pm's client: writes one line to HOME/input, follows jobs/ID, exits with its retcode."""
