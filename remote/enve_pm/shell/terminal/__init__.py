"""Units that stand on a terminal: pm's side, and the holder, a process of its own."""
