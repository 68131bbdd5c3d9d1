"""The stages of a spot that has a commit, each as the line of a unit.

lua-5.4.4!build@web <- lua-5.4.4!install@web <- lua-5.4.4!setup@web <- web
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from enve.load.chain.artifact import PUSH
from enve.load.chain.atspot import AtSpot
from enve.load.chain.root import Line, product
from enve.model.plan import Blob
from enve_pm.core import address
from enve_pm.core.stages import BUILD, INSTALL, SETUP

STEP_TIMEOUT = 600_000  # ms for what is no build
AGAIN = 2  # times that a build is tried again
# What a stage has of its spot's line: not its limits, which are those of what runs.
KEPT = ("user", "group", "nice", "log_size", "log_keep", "want")
# What a step looks at of a profile: the rest must not make it another line.
NEEDED = ("enve", "title", "version", "prefix", "deps", "checkout", "build", "install")


class _Config(NamedTuple):
    """Config files of a setup: as a line says them (by what they hash to), their bodies, and the
    setup's table, which names them by their hashes."""

    files: dict[str, Any]
    blobs: tuple[tuple[str, Blob], ...]
    table: dict[str, Any]


class Stages:
    """`artifact`: what is pushed; `env`: what they are given of the plan's; `spot`: the line of the
    unit that runs."""

    def __init__(
        self, at: AtSpot, artifact: Blob | None, env: dict[str, str], spot: Mapping[str, Any]
    ) -> None:
        self._at = at
        self._commit = at.commit
        self._table = {key: at.table[key] for key in NEEDED if key in at.table}
        self._artifact = artifact
        self._env = env
        self._spot = spot

    def lines(self) -> dict[str, Line]:
        """Those of its root before them, by their addresses below the node."""
        more = {key: self._spot[key] for key in ("want",) if key in self._spot}
        parts = self._at.own_root.lines(self._at.unit(INSTALL), more)
        made = (*parts, self._build(), self._install(), self._setup())
        return {str(one.line["name"]): one for one in made}

    def _build(self) -> Line:
        commit = self._commit
        more: dict[str, Any] = {}
        if commit.built is not None:
            more["platform"] = commit.built.platform
        elif commit.artifact not in (BUILD, PUSH):
            more["artifact"] = commit.artifact
        keys = {"product": product(self._artifact), "restart_max": AGAIN}
        line = self._line(BUILD, {**self._body(BUILD, self._table), **more}, **keys)
        pushed = ((commit.name, self._artifact),) if self._artifact else ()
        return Line({**line, "start_timeout": commit.timeout}, pushed=pushed)

    def _install(self) -> Line:
        needs = [self._at.unit(BUILD)]
        return Line(self._line(INSTALL, self._body(INSTALL, self._table), needs=needs))

    def _setup(self) -> Line:
        own_root, config = self._at.own_root, _config(self._commit.table)
        needs = [self._at.unit(INSTALL)]
        if own_root.is_set_up(self._spot):
            needs += own_root.keys()["needs"]
        table = {**self._table, **config.table, **own_root.table(self._spot)}
        line = self._line(SETUP, self._body(SETUP, table), needs=needs, files=config.files)
        return Line(line, config.blobs)

    def _line(self, stage: str, body: dict[str, Any], **more: Any) -> dict[str, Any]:
        """`more`: keys of it, where they say something."""
        keys = {"env": self._env, **more}
        return {
            "v": 1,
            "name": address.format((*self._at.steps[:-1], self._at.unit(stage))),
            "kind": "stage",
            "check_every": self._commit.check_every,
            "start_timeout": STEP_TIMEOUT,
            "stage": body,
            **{key: self._spot[key] for key in KEPT if key in self._spot},
            **{key: value for key, value in keys.items() if value},
        }

    def _body(self, stage: str, table: dict[str, Any]) -> dict[str, Any]:
        commit = self._commit
        said = {"place": commit.place, "along": bool(self._at.own_root.along)}
        return {
            "do": stage,
            "url": commit.url,
            "source": commit.source,
            "table": table,
            **{key: value for key, value in said.items() if value},
        }


def _config(table: Mapping[str, Any]) -> _Config:
    if "setup" not in table:
        return _Config({}, (), {})
    files, blobs, rows = {}, [], []
    for row in table["setup"].get("files", ()):
        data = row["content"].encode()
        sum_ = hashlib.sha256(data).hexdigest()
        files[sum_] = {"sha256": sum_, "size": len(data), "mode": 0o600}
        secret = bool(row.get("secret"))
        blobs.append((row["path"], Blob(sum_, len(data), data=data, secret=secret)))
        rows.append({**{key: row[key] for key in row if key != "content"}, "sha256": sum_})
    setup = {**table["setup"], **({"files": rows} if rows else {})}
    return _Config(files, tuple(blobs), {"setup": setup})
