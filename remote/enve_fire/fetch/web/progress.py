"""How far a download is, told now and then."""

from __future__ import annotations

from enve_fire.tree.pace import Pace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.tree.pace import Report

_MIB = 1 << 20


class Progress:
    """A line now and then about what comes from a url."""

    def __init__(self, report: Report, url: str) -> None:
        self._report = report
        self._name = url.rpartition("/")[2] or url
        self._pace = Pace()

    def tell(self, size: int, total: int | None) -> None:
        """`total`: None if nobody knows."""
        if self._pace.is_due():
            of = " of %.1f" % (total / _MIB) if total else ""
            self._report("%s: %.1f%s MiB" % (self._name, size / _MIB, of))

    def words(self, data: bytes) -> None:
        """What a program shows of how far it is: lines that replace each other."""
        shown = [line for line in data.replace(b"\r", b"\n").split(b"\n") if b"%" in line]
        if shown and self._pace.is_due():
            self._report("%s: %s" % (self._name, shown[-1].decode("ascii", "replace").strip()))
