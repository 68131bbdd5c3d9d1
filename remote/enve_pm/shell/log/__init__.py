"""What units print: pm's side, and the logger, a process of its own."""
