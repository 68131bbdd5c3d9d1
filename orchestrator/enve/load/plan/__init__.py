"""Plans: from a file to the parts of its nodes."""
