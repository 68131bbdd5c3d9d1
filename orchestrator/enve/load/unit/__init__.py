"""One spot of a plan as the line of a unit, kind by kind."""
