"""A commit at one spot: where its software lies, in which root, and what its units are called."""

from __future__ import annotations

from enve.load.chain.commit import Commit
from enve.load.chain.root import Rooted
from enve.model.plan import Blob
from enve_fire.core import profile, title
from enve_pm.core.stages import SETUP


class AtSpot:
    """`steps`: the spot's address below the node; `directory`: `spot.dir`; `archive`: the files of
    its root. `own_root`: the root that it gets, if any; `root`: where its software is installed, as
    it sees that itself: "" in a root of its own."""

    def __init__(
        self, commit: Commit, steps: tuple[str, ...], directory: str, archive: Blob | None
    ) -> None:
        self.commit = commit
        self.table = commit.table
        self.steps = steps
        place = commit.place or f"{directory}/{commit.name}"
        self.own_root = Rooted(commit, steps, directory, place, archive)
        self.root = "" if self.own_root.entered else place

    def unit(self, stage: str) -> str:
        """The name of a stage's unit in its pm."""
        cfgpath = profile.section(self.table, "setup")["cfgpath"] if stage == SETUP else ""
        return title.unit(self.commit.name, stage, self.steps[-1], cfgpath)
