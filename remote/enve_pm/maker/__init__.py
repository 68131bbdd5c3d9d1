"""Rooms that are no processes: mounts, folders, roots, networks.

Each step (check, make, undo) of such a unit is a short-lived child of pm's with pm's own rights,
`_do STEP HOME`, so that neither a slow disk nor a mistake in here stops the loop. Every kind is
a class with the same three methods; `step` picks it and tells how it went.
"""
