"""The root that a commit's product gets (`settle`), as lines of units beside its stages; and what
is seen in there: the software, and what that runs with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from enve.load.chain.commit import Commit
from enve.model.plan import Blob
from enve_fire.core import configfile, laying, profile
from enve_fire.core.product import Product
from enve_fire.core.settle import settling
from enve_fire.core.settle.place import unit
from enve_fire.core.settle.settling import ALONG, SOFTWARE
from enve_pm.core import address
from enve_pm.core.blueprint import ROOT

FILES = "the files of its root"


class Line(NamedTuple):
    """A unit's line, and what travels beside it, as (name for people, blob): config files, and the
    archive that is its product."""

    line: dict[str, Any]
    files: tuple[tuple[str, Blob], ...] = ()
    pushed: tuple[tuple[str, Blob], ...] = ()


def product(blob: Blob | None) -> dict[str, Any]:
    """As a line says it."""
    return {"kind": "tar", "sha256": blob.sha256, "size": blob.size} if blob else {}


class Rooted:
    """`steps`, `directory`: of the spot; `place`: where its software is installed; `archive`: the
    files of the root, if they come out of one."""

    def __init__(
        self,
        commit: Commit,
        steps: tuple[str, ...],
        directory: str,
        place: str,
        archive: Blob | None,
    ) -> None:
        self._commit = commit
        self._table = commit.table
        self._steps = steps
        self._spots = directory.rpartition("/")[0]
        self._place = place
        self._archive = archive
        self.settles = profile.settles(commit.table)
        self._inside = settling.inside(commit.table["settle"], steps[-1]) if self.settles else {}
        self.entered = "root" in self._inside  # whether it runs in there
        self.along: tuple[Product, ...] = commit.along if self.entered else ()

    def is_set_up(self, spot: Mapping[str, Any]) -> bool:
        """Whether setup is done in there. Stages run as the user of the line of what runs, and only
        root gets in."""
        return self.entered and spot.get("user", ROOT) == ROOT

    def table(self, spot: Mapping[str, Any]) -> dict[str, Any]:
        """What a setup has to know of it, beside the rest of the profile."""
        return {"settle": self._table["settle"]} if self.is_set_up(spot) else {}

    def check(self, spot: Mapping[str, Any]) -> None:
        """Refuses what only root could lay, where it is somebody else who sets it up."""
        if not self.entered or self.is_set_up(spot):
            return
        paths = [file.path for file in configfile.wanted(self._table)]
        outside = [path for path in paths if not laying.below(path, self._table["prefix"])]
        if outside:
            told = f"setup of {self._commit.name}: only root lays {outside[0]} in its root"
            hint = f"leave `user: {spot['user']}` out, and let its command become that user"
            raise self._commit.item.bad(told, hint=hint)

    def keys(self) -> dict[str, Any]:
        """Of the line of a process that runs in it."""
        needs = [*self._inside["needs"], *self._software()] if self.settles else []
        return {**self._inside, "needs": needs}

    def lines(self, install: str, more: dict[str, Any]) -> Iterator[Line]:
        """`install`: the unit that lays the software down; `more`: what each line has, too."""
        if not self.settles:
            return
        section, archive = self._table["settle"], product(self._archive)
        made = settling.lines(section, self._steps[-1], self._spots, archive)
        for line in (*made, *self._shown(install)):
            line["name"] = address.format((*self._steps[:-1], *address.parse(line["name"])))
            pushed = ((FILES, self._archive),) if self._archive and "product" in line else ()
            yield Line({**line, **more}, pushed=pushed)

    def _software(self) -> list[str]:
        """The units that show what is installed: its own, and what it runs with."""
        parts = [SOFTWARE, *(ALONG % number for number, _ in enumerate(self.along, 1))]
        return [unit(part, self._steps[-1]) for part in parts]

    def _shown(self, install: str) -> Iterator[dict[str, Any]]:
        tables = [self._table, *(one.table for one in self.along)]
        for name, table in zip(self._software(), tables, strict=True):
            prefix, part = table["prefix"], name.partition("!")[0]
            line = settling.shown(self._steps[-1], self._place + prefix, prefix, part)
            yield {**line, "needs": [*line["needs"], install]}
