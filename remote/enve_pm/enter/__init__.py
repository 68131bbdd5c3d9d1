"""The way in: what a process that needs more than limits, nice and a user goes through before it is
the unit's command.

pm starts `_enter ORDER TELL` (this program, as pm's own user) instead of the command. It reads its
order from a descriptor, does the steps of `passage` in their order with the kernel's own calls, and
executes the command: same pid, nothing of it stays. So no secret stands in a command line, and
nothing of a plan's environment reaches a process with pm's rights. A step that fails is told
through the second descriptor, which closes by itself when the command is executed.
"""
