"""The one place that prints errors and turns whatever happens into an exit code.

Only an error imports what printing it takes.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import IO

from enve.cli import streams
from enve.errors import UNEXPECTED, EnveError, MissingError, StageFailure

INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM
READER_GONE = 128 + signal.SIGPIPE


class Told(Exception):
    """These errors stand in a JSON document already: they are left to be shown to people."""

    def __init__(self, errors: Sequence[EnveError]) -> None:
        super().__init__(errors)
        self.errors = errors


def guard(words: Sequence[str], command: Callable[[], int]) -> int:
    """Run a command; whatever it raises is shown once, and becomes the exit code."""
    streams.stand()
    _end_on_sigterm()
    try:
        code = _ended(command)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return INTERRUPTED
    except Told as told:
        return _show(told.errors, words)
    except Exception as error:
        if any(isinstance(one, BrokenPipeError) for one in flat(error)):
            no_more_output()
            return READER_GONE
        found = known(error)
        if _full(error):
            no_more_output()
        _json(found, _option(words, "-o", "--output"))
        return _show(found, words)
    return code


def _ended(command: Callable[[], int]) -> int:
    """The exit code; --help and SIGTERM leave by SystemExit."""
    try:
        return command()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else UNEXPECTED


def show(errors: Sequence[EnveError], stream: IO[str], *, color: str = "auto") -> None:
    """Print errors for people; equal ones once."""
    from enve.cli import snippet  # noqa: PLC0415
    from enve.cli.color import Paint, wanted  # noqa: PLC0415

    paint = Paint(wanted(color, stream, os.environ))
    for text in dict.fromkeys(snippet.render(error, paint) for error in errors):
        print(text, file=stream)


def document(error: EnveError) -> dict[str, object]:
    """An error as it stands in JSON."""
    from enve.core.verdict import problem  # noqa: PLC0415

    told = problem(error)
    where = error.where and {
        "file": error.where.file,
        "line": error.where.line,
        "column": error.where.column,
    }
    return {
        "message": told.message,
        "code": told.code,
        "kind": told.kind,
        "where": where,
        "notes": list(told.notes),
        "hint": told.hint,
    }


def flat(error: BaseException) -> Iterator[BaseException]:
    """The errors inside exception groups (several at once: a file's, or parallel tasks')."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from flat(inner)
    else:
        yield error


def known(error: Exception) -> list[EnveError]:
    """The user's errors in `error`; a bug of ours becomes one that says where its traceback is."""
    from enve.cli import crash  # noqa: PLC0415

    found = [_room(one) if _full(one) else _stage(one) for one in flat(error)]
    users = [one for one in found if isinstance(one, EnveError)]
    return users if len(users) == len(found) else [crash.report(error)]


def _stage(error: BaseException) -> BaseException:
    """A trouble of the stages, as an error of ours."""
    from enve_fire.core.trouble import Trouble  # noqa: PLC0415

    if not isinstance(error, Trouble):
        return error
    return StageFailure(error.message, exit_code=error.code, hint=error.hint, log=error.log)


def _full(error: BaseException) -> bool:
    """Whether there is no room on a disk of this machine."""
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}


def _room(error: BaseException) -> EnveError:
    where = getattr(error, "filename", None) or "what the output goes to, or a file of ours"
    return MissingError(f"no space left: {where}", hint="make room on this machine, and try again")


def _show(errors: Sequence[EnveError], words: Sequence[str]) -> int:
    from enve.core.verdict import worst  # noqa: PLC0415

    show(errors, sys.stderr, color=_option(words, "--color", "--color") or "auto")
    return worst(one.exit_code for one in errors)


def _json(errors: Sequence[EnveError], form: str) -> None:
    import json  # noqa: PLC0415

    from enve.model.report import VERSION  # noqa: PLC0415

    told = [document(error) for error in errors]
    if form == "json":
        print(json.dumps({"v": VERSION, "errors": told}))
    if form == "jsonl":
        for one in told:
            print(json.dumps({"v": VERSION, "event": "error", **one}))


def _option(words: Sequence[str], short: str, long: str) -> str:
    """The value of a flag, read without a parser: the parser may be what failed."""
    for at, word in enumerate(words):
        if word == "--":
            break
        if word in (short, long):
            return words[at + 1] if at + 1 < len(words) else ""
        if word.startswith(f"{long}="):
            return word.partition("=")[2]
        if len(short) == 2 and word.startswith(short) and word != short:
            return word[2:].removeprefix("=")
    return ""


def no_more_output() -> None:
    """Whoever read our output went away (`| head`): no more of it, and no complaint at exit."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    os.close(devnull)


def _end_on_sigterm() -> None:
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminated)


def _terminated(_number: int, _frame: FrameType | None) -> None:
    # SystemExit passes through asyncio: tasks are cancelled, and clean up after themselves.
    raise SystemExit(TERMINATED)
