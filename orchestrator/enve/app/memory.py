"""The texts behind the plans that were signed here: old lines and files, for people to compare."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from enve.app import signedread
from enve.app.history import Entry
from enve.app.signedfile import Content
from enve.core import stagechange
from enve.core.linechange import parse
from enve.errors import EnveError
from enve_pm.core import part as part_module
from enve_pm.core.part import Part

REMEMBER = 8  # plans that are looked through
CONFIRMED = frozenset(("applied", "duplicate"))  # last words of a node that holds what was sent


class Memory:
    """The newest plans of a history, each read when something is looked for and not found yet."""

    def __init__(self, entries: Collection[Entry], folder: Path) -> None:
        ours = [entry for entry in entries if not entry.seen]
        self._waiting = iter(ours[:REMEMBER])
        self._folder = folder
        self._read: list[tuple[Entry, Content]] = []
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
        return next((part for _, part in self._parts(node)), None)

    def ran(self, node: str, spot: str, product: str) -> Part | None:
        """The newest part of a node by which a spot ran on this product."""
        for _, part in self._parts(node):
            text = part.lines.get(spot)
            if text is not None and stagechange.product(parse(text)) == product:
                return part
        return None

    def holds(self, node: str, plans: Collection[str]) -> bool | None:
        """Whether a node out of reach may still hold lines of these plans; None when nothing that
        we remember speaks of it. A part without lines was made to clear the node: until the node
        has confirmed it, it may hold what came before."""
        known = None
        for entry, part in self._parts(node):
            if entry.signed.head.plan not in plans:
                return False
            if not part.lines:
                return entry.fates.get(node) not in CONFIRMED
            if entry.released or entry.may_reach(node):
                return True
            known = False
        return known

    def nodes(self) -> set[str]:
        """Every node that we remember a part of."""
        return {node for _, content in self._contents() for node in content.plan.parts}

    def _parts(self, node: str) -> Iterator[tuple[Entry, Part]]:
        for entry, content in self._contents():
            if node in content.plan.parts:
                yield entry, content.plan.parts[node]

    def _contents(self) -> Iterator[tuple[Entry, Content]]:
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
            self._take(entry, content)
            return True
        return False

    def _take(self, entry: Entry, content: Content) -> None:
        self._read.append((entry, content))
        for part in content.plan.parts.values():
            for text in part.lines.values():
                self._lines.setdefault(part_module.digest(text), text)
        for digest, name in content.names.items():
            self.names.setdefault(digest, name)
        for digest, blob in content.blobs.items():
            if blob.data is not None:
                self.bodies.setdefault(digest, blob.data)
