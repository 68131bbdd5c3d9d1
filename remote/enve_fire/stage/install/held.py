"""What was done of a root, and what is left of it: the lines that its mark keeps."""

from __future__ import annotations

import os

from enve_fire.core import mark as marking
from enve_fire.core.trouble import SETTLE, Trouble
from enve_fire.stage import marks
from enve_fire.stage.settle.unit import unit, why_of
from enve_fire.stage.settle.users import users

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

BOOT = "/proc/sys/kernel/random/boot_id"
_END = "end what uses it, then again"
_MOST = 10  # pids that are told


class Held:
    """What was done in a home, as its mark says: `hash`, `lines`; nothing where there is none."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._mark = "%s/%s" % (home, marking.ROOT)
        self._begun = "%s/%s" % (home, marking.FOLDER + "/root.begun")
        self.hash = marks.read_hash(self._mark)
        self._of = self.hash or marks.read_hash(self._begun)
        body = marks.read_body(self._mark) or marks.read_body(self._begun)
        self.lines: list[dict[str, Any]] = body.get("lines", [])
        self.title = str(body.get("title", ""))  # whose it is, for people

    def missing(self) -> str:
        """Why it is not all there; "" if it is. After a boot no mount is."""
        return next((why for _, why in self.lacks()), "")

    def lacks(self) -> Iterator[tuple[str, str]]:
        """(part, why) of what is not there."""
        for line in self.lines:
            why = why_of(unit(self._home, line, self.lines).check)
            if why:
                yield str(line["name"]), why

    def make(self, lines: list[dict[str, Any]], hash_: str) -> None:
        """All or nothing. Raises Trouble (SETTLE)."""
        for name in ("spots", "store", "jobs", marking.FOLDER):
            os.makedirs("%s/%s" % (self._home, name), 0o755, exist_ok=True)
        marks.drop(self._mark)
        self.lines, self._of = lines, hash_
        self._begin()
        for line in lines:
            made = unit(self._home, line, lines)
            why = why_of(made.check) and why_of(made.make)
            why = why or why_of(made.check)
            if why:
                told = "settle of %s: %s: %s" % (self.title, line["name"], why)
                raise Trouble(SETTLE, told + self._left(), _hint())
        body = {"lines": lines, "boot": boot(), "title": self.title}
        marks.write(self._mark, hash_, body)
        self.hash = hash_
        marks.drop(self._begun)

    def undo(self) -> None:
        """In reverse; of what is in use nothing. What stays is kept in mind, with all that it
        stands on. Raises Trouble (SETTLE)."""
        self._judge()
        if self.lines:
            self._begin()
        marks.drop(self._mark)
        self.hash = ""
        while self.lines:
            why = why_of(unit(self._home, self.lines[-1], self.lines).undo)
            if why:
                told = "%s stays: %s" % (self.lines[-1]["name"], why)
                raise Trouble(SETTLE, told, _END)
            self.lines = self.lines[:-1]
            self._begin()
        marks.drop(self._begun)

    def users(self) -> list[int]:
        """Pids of who stands in the root."""
        roots = [line["subroot"]["at"] for line in self.lines if line["kind"] == "subroot"]
        return [pid for root in roots for pid in users(root)]

    def _judge(self) -> None:
        found = self.users()
        if found:
            told = "%s stays: it is in use by pid %s"
            pids = " ".join(map(str, found[:_MOST]))
            raise Trouble(SETTLE, told % (self._home, pids), _END)

    def _left(self) -> str:
        """What was done goes, after a failure; what does not is told beside the reason. Of who is
        not root it goes with this process."""
        if os.geteuid():
            return ""
        try:
            self.undo()
        except Trouble as trouble:
            return "; " + trouble.message
        return ""

    def _begin(self) -> None:
        """These lines may be there, whatever becomes of us."""
        body = {"lines": self.lines, "title": self.title}
        marks.replace(self._begun, marking.text(self._of, body))


def boot() -> str:
    """Which run of the kernel this is."""
    try:
        with open(BOOT, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def _hint() -> str:
    with open("/proc/self/uid_map", encoding="ascii") as file:
        whole = file.read().split() == ["0", "0", str(2**32 - 1)]
    return "" if whole else "in a user namespace the kernel lets nobody do that: root can"
