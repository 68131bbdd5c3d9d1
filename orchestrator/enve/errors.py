"""Every error a user can meet, typed by what the caller does next, and the exit codes.

An error says what was wanted, what was found, where, and what to do next; it is printed in one
place (`enve.cli.errors`).
"""

from __future__ import annotations

from dataclasses import dataclass

OK = 0
UNEXPECTED = 1
PENDING = 2
FAILED = 3
UNREACHABLE = 4
REFUSED = 5
LEASED = 6
ROLLED_BACK = 7
USAGE = 64
INPUT = 65
MISSING = 69
DEADLINE = 124


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a file: lines and columns count from 1; line 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class EnveError(Exception):
    """What went wrong (`message`), where, notes that explain, and what to do next (`hint`)."""

    exit_code = UNEXPECTED

    def __init__(
        self,
        message: str,
        *,
        where: Where | None = None,
        notes: tuple[str, ...] = (),
        hint: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.notes = notes
        self.hint = hint


class UsageError(EnveError):
    """The command line is wrong: flags, patterns, addresses."""

    exit_code = USAGE


class InputError(EnveError):
    """A file that the user wrote is wrong."""

    exit_code = INPUT


class MissingError(EnveError):
    """This machine lacks something: a program, a key, a directory that can be written."""

    exit_code = MISSING


class NodeFailure(EnveError):
    """A node was reached and something on it failed."""

    exit_code = FAILED


class RefusedError(EnveError):
    """Somebody who may say no said no: a keyhole, a ceiling, the owner of a pipe."""

    exit_code = REFUSED


class LeaseError(EnveError):
    """Somebody else marches, or marched: the lane is leased, or our base is stale."""

    exit_code = LEASED


class LateError(EnveError):
    """A node was reached, and did not answer within its deadline."""

    exit_code = DEADLINE


class Unreachable(EnveError):
    """A node could not be talked to. `kind`: timeout refused hostkey login lost unresolved."""

    exit_code = UNREACHABLE

    def __init__(self, message: str, *, kind: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.kind = kind


class Unconfirmed(EnveError):
    """Somebody has to say yes first; nothing was done."""

    exit_code = PENDING


class StageFailure(EnveError):
    """A stage of a product failed: `exit_code` says which. `log`: the file with what it printed."""

    def __init__(self, message: str, *, exit_code: int, hint: str = "", log: str = "") -> None:
        notes = (f"all that was printed: {log}",) if log else ()
        super().__init__(message, notes=notes, hint=hint)
        self.exit_code = exit_code
