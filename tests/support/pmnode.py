"""A node's pm as its own files and fifo show it: to send it anything, and see what it did."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from enve_pm.core.part import Part
from enve_pm.core.part import parse as parse_part
from enve_pm.wire import frame
from tests.support.lab import SshNode
from tests.support.wait import until

# What only a plan or a deploy may change; acks, logs, jobs and locks come and go.
STATE = ("trust", "plans", "store", "spots", "public/held.json")


class PmNode:
    """The pm of one node of a lab (a user's install)."""

    def __init__(self, node: SshNode) -> None:
        self.name = node.name
        self.home = node.root / node.state.relative_to("/") / "pm"
        self.pipe = self.home / "run/default.pipe"
        self.inbox = self.home / "run/inbox"

    # -- what it shows ----------------------------------------------------------------------------
    @property
    def status(self) -> dict[str, Any]:
        return dict(json.loads((self.home / "public/status.json").read_text()))

    def unit(self, name: str) -> dict[str, Any]:
        return dict(self.status["units"].get(name, {}))

    def held(self, lane: str = "main") -> dict[str, Any]:
        """Serial, hash and salt of the plan that it holds in this lane."""
        state = json.loads((self.home / "trust/state.json").read_text())
        return dict(state["lanes"][lane])

    def stream(self, lane: str = "main") -> bytes:
        """The signed stream of the plan that it holds, as it came."""
        return (self._plan(lane) / "stream").read_bytes()

    def part(self, lane: str = "main") -> Part:
        return parse_part((self._plan(lane) / "part").read_bytes())

    def _plan(self, lane: str) -> Path:
        return self.home / "plans" / lane / str(self.held(lane)["serial"])

    # -- what is sent to it -----------------------------------------------------------------------
    def write(self, data: bytes) -> None:
        """Bytes into its fifo, 512 at a time, as the writer program does."""
        handle = os.open(self.pipe, os.O_WRONLY | os.O_NONBLOCK)
        try:
            os.set_blocking(handle, True)
            for at in range(0, len(data), frame.SIZE):
                os.write(handle, data[at : at + frame.SIZE])
        finally:
            os.close(handle)

    def send(self, stream: bytes) -> dict[str, Any]:
        """A whole stream; the last word on it."""
        nonce = os.urandom(8)
        self.write(frame.encode(stream, nonce))
        return self.answer(stream, nonce)

    def answer(self, stream: bytes, nonce: bytes) -> dict[str, Any]:
        """The final ack of this attempt."""
        file = self.home / "public/acks" / hashlib.sha256(stream).hexdigest()
        return until(lambda: _final(file, nonce.hex()), f"{self.name} answers", 60)

    # -- whether it changed -----------------------------------------------------------------------
    def snapshot(self) -> dict[str, Any]:
        """Everything that a refusal must not touch: files, pm itself, its services."""
        status = self.status
        units = {
            name: [unit[key] for key in ("state", "pid", "restarts", "want", "since")]
            for name, unit in status["units"].items()
        }
        return {"pm": status["pid"], "units": units, "files": self._files()}

    def _files(self) -> dict[str, str]:
        found = {}
        for top in STATE:
            for path in [self.home / top, *sorted((self.home / top).rglob("*"))]:
                with suppress(OSError):
                    if path.is_file():
                        found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found


def _final(file: Path, nonce: str) -> dict[str, Any]:
    with suppress(OSError):
        ack = json.loads(file.read_text())
        if ack["nonce"] == nonce and ack["final"]:
            return dict(ack)
    return {}
