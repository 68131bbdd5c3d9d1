"""What lies in a root, against the marks of the stages that have laid it.

For each stage of each product a document, as `-o json` shows it:

    {"root", "product", "stage": "install" | "setup" | "settle" | "place": all that is there,
     "state": "same" | "differs" | "unfinished" | "damaged" | "unreadable" | "away",
     "says": of the last four; FORGOTTEN of what was,
     "differences": [{"path": below the root, "how": see `tree.difference`, "detail"}]}

No step follows a link. Everything raises OSError.
"""

from __future__ import annotations

import os

from enve_fire.core import mark
from enve_fire.core import title as titles
from enve_fire.core.trouble import Trouble
from enve_fire.stage import marks, setup
from enve_fire.stage.install import manifest
from enve_fire.stage.install.place import Place
from enve_fire.stage.settle.marks import RootMarks, body_of, seen
from enve_fire.stage.verify.extra import extra
from enve_fire.tree import listing
from enve_fire.tree.difference import EXTRA, MISSING, UNREADABLE, Difference
from enve_fire.tree.names import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Dict, Sequence

    Document = Dict[str, Any]
    Body = Dict[str, Any]
    Compare = Callable[[str, Body], list[Difference]]

INSTALL, SETUP, SETTLE, PLACE = "install", "setup", "settle", "place"
SAME, DIFFERS, UNFINISHED, DAMAGED = "same", "differs", "unfinished", "damaged"
AWAY = "away"
FORGOTTEN = "forgotten: it is done again the next time"
CUT_OFF = "was begun, and has not come to its end"
NOT_YET = "the machine was started anew since: it is laid again when its product runs"
UNDER_WAY = "is done again and again while we look"
TRIES = 3  # somebody may do a stage again while we look


def of(root: str, with_extra: bool = True, forget: bool = False) -> list[Document]:
    """All that stages have laid in a root; `with_extra`: where one product has it for itself, also
    what no stage has laid; `forget`: an install or a setup that differs counts as not done."""
    one = _Drift(root, with_extra, forget)
    return [*one.shut(), *one.installs(), *one.setups(), *one.settled()]


def of_place(root: str, state: str, says: str) -> Document:
    """Of all that is there."""
    path = shown(os.fsencode(root))
    about = {"root": path, "product": "", "stage": PLACE}
    return {**about, "state": state, "says": says, "differences": []}


class _Away(Exception):
    """A root that was settled before the machine was started."""


class _Drift:
    def __init__(self, root: str, with_extra: bool, forget: bool) -> None:
        self._forget = forget
        self._root = root.rstrip("/") or "/"
        self._marks = RootMarks(root)
        self._extra = with_extra and not self._marks.shared
        self._laid, self._left = self._marks.set_up()

    # -- the stages --------------------------------------------------------------------------------
    def shut(self) -> Iterator[Document]:
        if self._marks.shut:
            yield of_place(self._root, UNREADABLE, self._marks.shut)

    def installs(self) -> Iterator[Document]:
        if self._marks.alone:
            path = self._marks.at(mark.INSTALL)
            yield from self._stage(INSTALL, "", path, self._installed)
        for name in self._marks.shared:
            if self._marks.is_cut_off(name):
                yield self._document(INSTALL, name, UNFINISHED, CUT_OFF)
            else:
                path = self._marks.at(mark.INSTALLS, name)
                yield from self._stage(INSTALL, name, path, self._installed)

    def setups(self) -> Iterator[Document]:
        for name in self._marks.setups:
            path = self._marks.at(mark.SETUPS, name)
            yield from self._stage(SETUP, name, path, self._set_up)
        for name in self._marks.begun:
            yield self._document(SETUP, name, UNFINISHED, CUT_OFF)

    def settled(self) -> Iterator[Document]:
        if self._marks.settled:
            yield from self._stage(SETTLE, "", self._marks.at(mark.ROOT), self._parts)

    def _stage(self, stage: str, name: str, path: str, compare: Compare) -> Iterator[Document]:
        for _ in range(TRIES):
            before = seen(path)
            one = self._compared(stage, name, path, compare)
            if one is None:
                return
            name = one["product"]
            if one["state"] != DIFFERS or seen(path) == before:
                if one["state"] == DIFFERS and self._forget and stage != SETTLE:
                    manifest.forget(path)  # a settled root is looked at part by part anyway
                    one["says"] = FORGOTTEN
                yield one
                return
        yield self._document(stage, name, UNFINISHED, UNDER_WAY)

    def _compared(self, stage: str, name: str, path: str, compare: Compare) -> Document | None:
        """None where there is no mark."""
        try:
            body = body_of(path)
            if not body:
                return None
            name = name or _product(body)
            found = compare(path, body)
        except Trouble as trouble:
            return self._document(stage, name, DAMAGED, str(trouble))
        except PermissionError as error:
            told = "%s: %s" % (error.filename, error.strerror)
            return self._document(stage, name, UNREADABLE, told)
        except _Away:
            return self._document(stage, name, AWAY, NOT_YET)
        return self._document(stage, name, DIFFERS if found else SAME, "", found)

    # -- what differs ------------------------------------------------------------------------------
    def _installed(self, path: str, body: Body) -> list[Difference]:
        rows = marks.rows(path, body)
        found = listing.compare([row for row in rows if row[0] not in self._laid], self._root)
        if self._extra:
            more = extra(self._root, rows, self._laid)
            found += [Difference(one, EXTRA) for one in more if one not in self._left]
        return found

    def _set_up(self, path: str, body: Body) -> list[Difference]:
        return setup.differences(Place(self._root, ""), marks.rows(path, body))

    def _parts(self, path: str, body: Body) -> list[Difference]:
        from enve_fire.stage.install import held

        if body.get("boot", "") != held.boot():
            raise _Away
        return [Difference(name, MISSING, why) for name, why in held.Held(self._root).lacks()]

    def _document(
        self, stage: str, product: str, state: str, says: str, found: Sequence[Difference] = ()
    ) -> Document:
        rows = [dict(one._asdict()) for one in found]
        more = {"product": product, "stage": stage, "differences": rows}
        return {**of_place(self._root, state, says), **more}


def _product(body: Body) -> str:
    return titles.product(str(body.get("title", "")), str(body.get("version", "")))
