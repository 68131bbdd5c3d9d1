"""The one kind of error that a stage ends with, and the exit codes."""

from __future__ import annotations

import errno

FAILED = 3
REFUSED = 5  # a signature that does not hold
USAGE = 64
INPUT = 65
MISSING = 69  # something that this machine lacks
BUG = 70  # of enve's own
CHECKOUT = 80
SETTLE = 81
BUILD = 82
INSTALL = 83
SETUP = 84
TEST = 85
BUSY = 86  # somebody else is at it, or what is read changes meanwhile
MISS = 87  # the store does not have it, and nobody said how it is made

# What each stands for, in a word or two.
MEANINGS = {
    INPUT: "bad input",
    MISSING: "something is missing",
    BUG: "a bug in enve",
    CHECKOUT: "checkout",
    SETTLE: "settle",
    BUILD: "build",
    INSTALL: "install",
    SETUP: "setup",
    TEST: "test",
    BUSY: "busy",
    MISS: "store miss",
}


FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


class Trouble(Exception):
    """What was wanted, found and where (`message`); what to do next (`hint`); `code`: the exit
    status. `log`: the file with what a command printed, "" if there is none."""

    def __init__(self, code: int, message: str, hint: str = "", log: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.log = log

    def of(self, what: str) -> Trouble:
        """The same, told of that."""
        return Trouble(self.code, "%s: %s" % (what, self.message), self.hint, self.log)

    def __str__(self) -> str:
        return self.message + ("; " + self.hint if self.hint else "")


def refused(error: OSError) -> Trouble:
    """What the system does not do for us."""
    name = error.filename or "system"
    where = name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else name
    told = "%s: %s" % (where, error.strerror or error)
    if error.errno in FULL and not error.filename:  # a write says nothing of its file
        told = "%s: what the output goes to, or a file of ours" % error.strerror
        return Trouble(
            MISSING, told, "make room there; in the store: enve store gc --max-size SIZE"
        )
    if error.errno in FULL:
        return Trouble(MISSING, told, "make room, or: enve store gc --max-size SIZE")
    return Trouble(MISSING if error.errno in _FORBIDDEN else FAILED, told)


def troubled(error: Exception) -> Trouble:
    """Whatever went wrong, as what a stage ends with: no exit code of a program that broke may
    be taken for an answer."""
    if isinstance(error, Trouble):
        return error
    if isinstance(error, OSError):
        return refused(error)
    return Trouble(BUG, "a bug in enve: %s" % _where(error), "please report it")


def _where(error: Exception) -> str:
    """`ValueError: ... (owner.py:53)`: the innermost line of it."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    told = "%s: %s" % (type(error).__name__, error)
    if at is None:
        return told
    return "%s (%s:%d)" % (told, at.tb_frame.f_code.co_filename.rpartition("/")[2], at.tb_lineno)
