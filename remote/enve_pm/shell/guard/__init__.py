"""pm's own life: the watchdog, the end of all below it, the change of program, one pm a HOME."""
