"""The texts behind the plans that were signed here: old lines and files, for people to compare."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from enve.app import signedread
from enve.app.history import Entry
from enve.app.signedfile import Content
from enve.errors import EnveError
from enve_pm.core import part as part_module
from enve_pm.core.part import Part

REMEMBER = 8  # plans that are looked through


class Memory:
    """The newest plans of a history, each read when something is looked for and not found yet."""

    def __init__(self, entries: Collection[Entry], folder: Path) -> None:
        ours = [entry for entry in entries if not entry.seen]
        self._waiting = iter(ours[:REMEMBER])
        self._folder = folder
        self._read: list[Content] = []
        self._lines: dict[str, str] = {}
        self.bodies: dict[str, bytes] = {}
        self.names: dict[str, str] = {}

    def line(self, digest: str) -> str | None:
        """The text of a line, by its sha256."""
        while digest not in self._lines and self._more():
            pass
        return self._lines.get(digest)

    def part(self, node: str) -> Part | None:
        """The newest part that was made here for a node."""
        for content in self._contents():
            if node in content.plan.parts:
                return content.plan.parts[node]
        return None

    def nodes(self) -> set[str]:
        """Every node that we remember a part of."""
        return {node for content in self._contents() for node in content.plan.parts}

    def _contents(self) -> Iterator[Content]:
        at = 0
        while at < len(self._read) or self._more():
            yield self._read[at]
            at += 1

    def _more(self) -> bool:
        """Take in one more plan; False when there is none."""
        for entry in self._waiting:
            try:
                content = signedread.read(entry.path, self._folder)
            except EnveError:
                continue
            self._take(content)
            return True
        return False

    def _take(self, content: Content) -> None:
        self._read.append(content)
        for part in content.plan.parts.values():
            for text in part.lines.values():
                self._lines.setdefault(part_module.digest(text), text)
        for digest, name in content.names.items():
            self.names.setdefault(digest, name)
        for digest, blob in content.blobs.items():
            if blob.data is not None:
                self.bodies.setdefault(digest, blob.data)
