"""Events as JSON: a line each (`jsonl`), or one document at the end (`json`). Nothing else is
ever printed on the same stream."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import IO, Any

from enve.cli.errors import INTERRUPTED, Told, document, known
from enve.core import verdict
from enve.core.encode import event_name, plain
from enve.errors import EnveError
from enve.model.report import VERSION, Begin, Difference, End, Event, Notice, Result


class Lines:
    """`-o jsonl`: `{"v":1,"event":"result","node":"web01",...}`."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def event(self, event: Event) -> None:
        """One line, at once."""
        told = {"v": VERSION, "event": event_name(event), **plain(event)}
        print(json.dumps(told), file=self._stream, flush=True)

    def close(self, error: BaseException | None) -> None:
        """An error gets its line where all errors are printed."""


class Document:
    """`-o json`: one object with everything that happened."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._told: dict[str, Any] = {
            "v": VERSION,
            "command": "",
            "nodes": [],
            "differences": [],
            "notices": [],
            "results": [],
            "errors": [],
            "code": None,
        }
        self._codes: list[int] = []

    def event(self, event: Event) -> None:
        """Kept for the document; steps are for those who watch."""
        match event:
            case Begin():
                self._told |= plain(event)
            case Difference():
                self._told["differences"].append(plain(event))
            case Notice():
                self._told["notices"].append(plain(event))
            case Result():
                self._told["results"].append(plain(event))
                self._codes.append(verdict.code(event))
            case End():
                self._told |= plain(event)

    def close(self, error: BaseException | None) -> None:
        """Print it, with the error that ended the story; whoever handles that knows it is told."""
        found = known(error) if isinstance(error, Exception) else []
        self._told["errors"] = [document(one) for one in found]
        if error is not None:
            self._told["code"] = _ended_by(error, found)
        elif self._told["code"] is None:
            self._told["code"] = verdict.worst(self._codes)
        print(json.dumps(self._told), file=self._stream, flush=True)
        if found:
            raise Told(found) from error


def _ended_by(error: BaseException, found: Sequence[EnveError]) -> int | None:
    """The exit code that the process will end with."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, SystemExit) and isinstance(error.code, int):
        return error.code
    return verdict.worst(one.exit_code for one in found) if found else None
