"""The files of a setup: made ready, laid, kept, put back."""
