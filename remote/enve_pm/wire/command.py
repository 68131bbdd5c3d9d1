"""The owner's pipe: one text line of at most 512 bytes a command, `JOBID VERB ARG...` LF.

Arguments are percent-encoded UTF-8. Who may write is decided by the mode of the pipe.
"""

from __future__ import annotations

from enve_pm.core.lean import namedtuple
from enve_pm.core.refusal import FormatError

SIZE = 512  # LF included
VERBS = (
    "start",
    "stop",
    "reload",
    "restart",
    "try-restart",
    "reload-or-restart",
    "try-reload-or-restart",
    "set-property",
    "reset-failed",
    "recheck",
    "load",
    "reexec",
    "shutdown",
)


class CommandError(FormatError):
    """A line that is no command; retcode 64."""


Command = namedtuple("Command", "job verb args")  # args: a tuple of strings

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_PLAIN = frozenset(_LETTERS + b"-_.~/:@,+=*?![]{}()#&;")
_JOB = frozenset((_LETTERS + b"-_.").decode("ascii"))
_HEX = frozenset(b"0123456789abcdefABCDEF")


def encode(job: str, verb: str, args: tuple[str, ...] | list[str] = ()) -> bytes:
    """The line, LF included. CommandError when it is longer than one write may be."""
    line = b" ".join([_job(job).encode("ascii"), _verb(verb).encode("ascii"), *map(quote, args)])
    if len(line) >= SIZE:
        raise CommandError("command: longer than %d bytes; name fewer units at a time" % SIZE)
    return line + b"\n"


def parse(line: bytes) -> Command:
    """A command from its line, with or without the LF."""
    if len(line) > SIZE:
        raise CommandError("command: longer than %d bytes" % SIZE)
    words = (line[:-1] if line.endswith(b"\n") else line).split(b" ")
    if len(words) < 2 or not all(words):
        raise CommandError("command: wanted JOBID VERB ARG..., each separated by one blank")
    job, verb = (_ascii(word) for word in words[:2])
    return Command(_job(job), _verb(verb), tuple(unquote(word) for word in words[2:]))


def quote(text: str) -> bytes:
    """An argument as it stands on the line; an empty one is `%`."""
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        raise CommandError("command: an argument is not valid text") from None
    if not data:
        return b"%"
    return b"".join(b"%c" % sign if sign in _PLAIN else b"%%%02X" % sign for sign in data)


def unquote(word: bytes) -> str:
    if word == b"%":
        return ""
    first, *rest = word.split(b"%")
    pieces = [first]
    for piece in rest:
        if len(piece) < 2 or not _HEX.issuperset(piece[:2]):
            raise CommandError("command: wanted two hexadecimal digits after '%'")
        pieces.append(bytes((int(piece[:2], 16),)) + piece[2:])
    if not _PLAIN.issuperset(b"".join([first] + [piece[2:] for piece in rest])):
        raise CommandError("command: a byte stands unquoted that must not")
    try:
        return b"".join(pieces).decode("utf-8")
    except UnicodeDecodeError:
        raise CommandError("command: an argument is not UTF-8") from None


class Lines:
    """Cuts what comes out of the pipe into lines; one that is too long is passed over."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False
        self.dropped = 0  # lines that were too long

    def feed(self, data: bytes) -> list[bytes]:
        *lines, rest = (self._rest + data).split(b"\n")
        if self._skipping and lines:
            self._skipping = False
            del lines[0]
        whole = [line for line in lines if len(line) < SIZE]
        self.dropped += len(lines) - len(whole)
        if self._skipping or len(rest) >= SIZE:
            self.dropped += not self._skipping
            self._skipping, rest = True, b""
        self._rest = rest
        return whole


def _ascii(word: bytes) -> str:
    try:
        return word.decode("ascii")
    except UnicodeDecodeError:
        raise CommandError("command: job and verb are plain letters") from None


def _job(job: str) -> str:
    if not 0 < len(job) <= 64 or job.startswith(".") or not _JOB.issuperset(job):
        raise CommandError(
            "command: wanted a job id of letters, digits, '-', '_', '.' (at most 64)"
        )
    return job


def _verb(verb: str) -> str:
    if verb not in VERBS:
        raise CommandError("command: unknown verb %r; known: %s" % (verb[:32], " ".join(VERBS)))
    return verb
