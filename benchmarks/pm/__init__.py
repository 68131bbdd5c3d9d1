"""pm's own figures on this machine, against the bars of its design."""
