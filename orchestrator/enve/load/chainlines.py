"""The chain of a spot that has a commit: what stages it takes, each as the line of a unit.

lua-5.4.4!build@web <- lua-5.4.4!install@web <- lua-5.4.4!setup@web <- web
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from enve.load.command import SHELL
from enve.load.plancommit import PUSH, Commit
from enve.model.plan import Blob
from enve_fire.core import filled, mark, profile, settling, title
from enve_fire.core.settling import SOFTWARE
from enve_pm.core import address
from enve_pm.core.stagebody import PROXIES
from enve_pm.core.stages import BUILD, INSTALL, SETUP, STAGES

MINUTES = 600_000  # ms for what is no build
AGAIN = 2  # times that a build is tried again
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What a stage has of its spot's line: not its limits, which are those of what runs.
KEPT = ("user", "group", "nice", "log_size", "log_keep", "want")
# What a step looks at of a profile: the rest must not make it another line.
NEEDED = ("enve", "title", "version", "prefix", "deps", "checkout", "build", "install")


class Line(NamedTuple):
    """A unit's line, and the config files that travel beside it: (name for people, blob)."""

    line: dict[str, Any]
    blobs: tuple[tuple[str, Blob], ...] = ()


class Chain:
    """`steps`: the spot's address below the node; `directory`: `spot.dir`; `product`: the artifact
    that is pushed, as the line says it."""

    def __init__(
        self, commit: Commit, steps: tuple[str, ...], directory: str, product: dict[str, Any]
    ) -> None:
        self._commit = commit
        self._steps = steps
        self._table = commit.table
        self._product = product
        self._directory = directory
        self._root = commit.place or f"{directory}/{commit.name}"

    def _open(self, words: Iterable[str], what: str) -> None:
        """Refuses what every user of the node would see."""
        if any(secret in word for word in words for secret in self._commit.secrets):
            hint = "put it into `run.env` or a file of `setup`"
            told = f"{what} of {self._commit.name}: a secret in a command is seen by every user"
            raise self._commit.item.bad(told, hint=hint)

    def unit(self, stage: str) -> str:
        """The name of a stage's unit in its pm."""
        cfgpath = profile.section(self._table, "setup")["cfgpath"] if stage == SETUP else ""
        return title.unit(self._commit.name, stage, self._steps[-1], cfgpath)

    # -- the unit that runs -----------------------------------------------------------------------
    def run(self, line: dict[str, Any], spoken: Mapping[str, Any]) -> None:
        """Complete the spot's own line. `spoken`: what of it the plan has said."""
        run = profile.section(self._table, profile.RUN)
        self._open(run["cmd"], "run.cmd")
        self._open(profile.section(self._table, "setup")["run"], "setup.run")
        self._command(line, spoken, run)
        if run["reload"] and "reload" not in line and line.get("kind", "process") == "process":
            reload = run["reload"]
            line["reload"] = reload if isinstance(reload, dict) else {"command": self._own(reload)}
        if run["user"] and "user" not in line:
            line["user"] = run["user"]
        root = "" if self._enters else self._root
        home = root + self._table["prefix"]
        own = {"PATH": f"{home}/bin:{PATH}", "PREFIX": self._table["prefix"], "ROOT": root}
        line["env"] = {**own, **run["env"], **line.get("env", {})}
        stages = [self.unit(INSTALL), self.unit(SETUP)]
        line["needs"] = [*line.get("needs", ()), *stages]
        if self._settles:
            inside = settling.inside(self._table["settle"], self._steps[-1])
            line["needs"] += [*inside.pop("needs"), settling.unit(SOFTWARE, self._steps[-1])]
            line.update(inside)
        if line.get("reload"):
            line["on_restart"] = {stages[1]: "reload", **line.get("on_restart", {})}

    def _command(
        self, line: dict[str, Any], spoken: Mapping[str, Any], run: Mapping[str, Any]
    ) -> None:
        words = line.get("command", []) if "run" in spoken else run["cmd"]
        if words:
            line["command"] = self._with_deps(self._own(words))
        elif line.get("want") != "down":
            hint = "`run` of the spot, or `run.cmd` of the profile"
            raise self._commit.item.bad(f"{self._commit.name}: what runs?", hint=hint)

    def _with_deps(self, words: list[str]) -> list[str]:
        """Where what it runs with is, only the node knows: an install there leaves a text."""
        found = self._table.get("deps", {})
        if not (found.get(profile.INSTALL) or found.get(profile.RUN)):
            return words
        text = mark.env(self._commit.name, bool(self._commit.place))
        return [*SHELL, f'. "$ROOT/{text}" && exec "$@"', "sh", *words]

    def _own(self, words: list[str]) -> list[str]:
        """Its program, where that begins with the prefix, is the one that is installed here, or as
        it is seen in a root of its own; `$ROOT` and `$PREFIX` are filled in."""
        root = "" if self._enters else self._root
        prefix = self._table["prefix"].rstrip("/") + "/"
        first = root + words[0] if words[0].startswith(prefix) else words[0]
        names = {"ROOT": root, "PREFIX": self._table["prefix"]}
        return filled.words([first, *words[1:]], names)

    # -- its stages -------------------------------------------------------------------------------
    def stages(self, spot: Mapping[str, Any]) -> dict[str, Line]:
        """By their addresses below the node. `spot`: the line of the unit that runs."""
        made = [self._stage(at, stage, spot) for at, stage in enumerate(STAGES)]
        return {str(one.line["name"]): one for one in (*self._parts(spot), *made)}

    @property
    def _settles(self) -> bool:
        return profile.settles(self._table)

    @property
    def _enters(self) -> bool:
        """Whether it runs in a root of its own."""
        return self._settles and "root" in settling.inside(self._table["settle"], self._steps[-1])

    def _parts(self, spot: Mapping[str, Any]) -> list[Line]:
        """Of a root of its own, and the software that is seen in it."""
        if not self._settles:
            return []
        name, prefix = self._steps[-1], self._table["prefix"]
        spots = self._directory.rpartition("/")[0]
        shown = settling.shown(name, self._root + prefix, prefix)
        shown["needs"].append(self.unit(INSTALL))
        lines = [*settling.lines(self._table["settle"], name, spots), shown]
        for line in lines:
            line["name"] = address.format((*self._steps[:-1], *address.parse(line["name"])))
            line.update({key: spot[key] for key in ("want",) if key in spot})
        return [Line(line) for line in lines]

    def _stage(self, at: int, stage: str, spot: Mapping[str, Any]) -> Line:
        files, blobs, table = self._files(stage)
        line = {
            "v": 1,
            "name": address.format((*self._steps[:-1], self.unit(stage))),
            "kind": "stage",
            "check_every": self._commit.check_every,
            "start_timeout": self._commit.timeout if stage == BUILD else MINUTES,
            "stage": self._body(stage, table),
            **{key: spot[key] for key in KEPT if key in spot},
        }
        env = {key: v for key, v in spot.get("env", {}).items() if key.lower() in PROXIES}
        more: dict[str, Any] = {"env": env, "files": files}
        more["needs"] = [self.unit(STAGES[at - 1])] if at else []
        if stage == BUILD:
            more |= {"product": self._product, "restart_max": AGAIN}
        return Line({**line, **{key: value for key, value in more.items() if value}}, blobs)

    def _body(self, stage: str, table: dict[str, Any]) -> dict[str, Any]:
        commit = self._commit
        body = {"do": stage, "url": commit.url, "source": commit.source, "table": table}
        if commit.place:
            body["place"] = commit.place
        if stage == BUILD and commit.built is not None:
            body["platform"] = commit.built.platform
        elif stage == BUILD and commit.artifact not in (BUILD, PUSH):
            body["artifact"] = commit.artifact
        return body

    def _files(
        self, stage: str
    ) -> tuple[dict[str, Any], tuple[tuple[str, Blob], ...], dict[str, Any]]:
        """(files of the unit, their bodies, the table that names them by what they hash to)"""
        table = {key: self._table[key] for key in NEEDED if key in self._table}
        if stage != SETUP or "setup" not in self._table:
            return {}, (), table
        files, blobs, rows = {}, [], []
        for row in self._table["setup"].get("files", ()):
            data = row["content"].encode()
            sum_ = hashlib.sha256(data).hexdigest()
            files[sum_] = {"sha256": sum_, "size": len(data), "mode": 0o600}
            secret = bool(row.get("secret"))
            blobs.append((row["path"], Blob(sum_, len(data), data=data, secret=secret)))
            rows.append({**{key: row[key] for key in row if key != "content"}, "sha256": sum_})
        setup = {**self._table["setup"], **({"files": rows} if rows else {})}
        return files, tuple(blobs), {**table, "setup": setup}
