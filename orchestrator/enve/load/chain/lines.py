"""The chain of a spot that has a commit: what stages it takes, each as the line of a unit.

lua-5.4.4!build@web <- lua-5.4.4!install@web <- lua-5.4.4!setup@web <- web
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from enve.load.chain.artifact import PUSH
from enve.load.chain.commit import Commit
from enve.load.chain.root import Line, Rooted, product
from enve.load.command import SHELL
from enve.model.plan import Blob
from enve_fire.core import filled, mark, profile, title
from enve_pm.core import address
from enve_pm.core.stagebody import is_passed
from enve_pm.core.stages import BUILD, INSTALL, SETUP, STAGES

COMMANDS = ("command", "check", "make", "undo")  # of a unit's line
WITH_COMMAND = ("reload", "health")  # tables of it that may have one
SOURCE = ("$SRC", "${SRC}")
STEP_TIMEOUT = 600_000  # ms for what is no build
AGAIN = 2  # times that a build is tried again
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What a stage has of its spot's line: not its limits, which are those of what runs.
KEPT = ("user", "group", "nice", "log_size", "log_keep", "want")
# What a step looks at of a profile: the rest must not make it another line.
NEEDED = ("enve", "title", "version", "prefix", "deps", "checkout", "build", "install")


class Chain:
    """`steps`: the spot's address below the node; `directory`: `spot.dir`; `artifact`: what is
    pushed; `root`: the files of its root."""

    def __init__(
        self,
        commit: Commit,
        steps: tuple[str, ...],
        directory: str,
        artifact: Blob | None,
        root: Blob | None,
    ) -> None:
        self._commit = commit
        self._steps = steps
        self._table = commit.table
        self._artifact = artifact
        self._passed: dict[str, str] = {}  # of the plan's env: no profile says how others fetch
        self._place = commit.place or f"{directory}/{commit.name}"
        self._own_root = Rooted(commit, steps, directory, self._place, root)
        self._root = "" if self._own_root.entered else self._place  # as it sees it

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
        self._main(line, spoken, run)
        if run["reload"] and "reload" not in line and line.get("kind", "process") == "process":
            reload = run["reload"]
            command = {} if isinstance(reload, dict) else {"command": self._below(reload)}
            line["reload"] = command or reload
        if run["user"] and "user" not in line:
            line["user"] = run["user"]
        self._own_root.check(line)
        self._equip(line)
        self._passed = {key: v for key, v in line.get("env", {}).items() if is_passed(key)}
        line["env"] = {**self._env(), **run["env"], **line.get("env", {})}
        stages = [self.unit(INSTALL), self.unit(SETUP)]
        line["needs"] = [*line.get("needs", ()), *stages]
        keys = self._own_root.keys()
        line["needs"] += keys.pop("needs")
        line.update(keys)
        if line.get("reload"):
            line["on_restart"] = {stages[1]: "reload", **line.get("on_restart", {})}

    def _env(self) -> dict[str, str]:
        """Where it is, and what it runs with in a root of its own."""
        along = {one.table["title"]: one.table["prefix"] for one in self._own_root.along}
        folders = [self._root + self._table["prefix"], *along.values()]
        path = ":".join([*(f"{folder}/bin" for folder in folders), PATH])
        deps = {title.variable(name): prefix for name, prefix in along.items()}
        return {"PATH": path, "PREFIX": self._table["prefix"], "ROOT": self._root, **deps}

    def _main(
        self, line: dict[str, Any], spoken: Mapping[str, Any], run: Mapping[str, Any]
    ) -> None:
        words = line.get("command", []) if "run" in spoken else self._below(run["cmd"])
        if words:
            line["command"] = words
        elif line.get("want") != "down":
            hint = "`run` of the spot, or `run.cmd` of the profile"
            raise self._commit.item.bad(f"{self._commit.name}: what runs?", hint=hint)

    def _equip(self, line: dict[str, Any]) -> None:
        """Whoever asks how it is, or tells it to reload, finds what it finds itself."""
        for name in COMMANDS:
            if line.get(name):
                line[name] = self._with_deps(self._own(line[name]))
        for name in WITH_COMMAND:
            words = line.get(name, {}).get("command")
            if words:
                line[name] = {**line[name], "command": self._with_deps(self._own(words))}

    def _with_deps(self, words: list[str]) -> list[str]:
        """Where what it runs with is, only the node knows: an install there leaves a text. In a
        root of its own it is seen at its prefix."""
        found = self._table.get("deps", {})
        if self._own_root.entered or not (found.get(profile.INSTALL) or found.get(profile.RUN)):
            return words
        text = mark.env(self._commit.name, bool(self._commit.place))
        return [*SHELL, f'. "$ROOT/{text}" && exec "$@"', "sh", *words]

    def _below(self, words: list[str]) -> list[str]:
        """Of the profile's own words: a program by a relative path lies in the software's folder,
        as where it is tried out. What a plan says is relative to the spot's."""
        if any(name in word for word in words for name in SOURCE):
            told = f"{self._commit.name}: its profile runs what lies in $SRC, which no node keeps"
            raise self._commit.item.bad(told, hint="install it, and run it from $ROOT$PREFIX")
        if words and "/" in words[0] and not words[0].startswith("/"):
            return [f"{self._table['prefix']}/{words[0]}", *words[1:]]
        return words

    def _own(self, words: list[str]) -> list[str]:
        """Its program, where that begins with the prefix, is the one that is installed here, or as
        it is seen in a root of its own; `$ROOT` and `$PREFIX` are filled in."""
        prefix = self._table["prefix"].rstrip("/") + "/"
        first = self._root + words[0] if words[0].startswith(prefix) else words[0]
        names = {"ROOT": self._root, "PREFIX": self._table["prefix"]}
        return filled.words([first, *words[1:]], names)

    # -- its stages -------------------------------------------------------------------------------
    def stages(self, spot: Mapping[str, Any]) -> dict[str, Line]:
        """By their addresses below the node. `spot`: the line of the unit that runs."""
        more = {key: spot[key] for key in ("want",) if key in spot}
        parts = self._own_root.lines(self.unit(INSTALL), more)
        made = [self._stage(at, stage, spot) for at, stage in enumerate(STAGES)]
        return {str(one.line["name"]): one for one in (*parts, *made)}

    def _stage(self, at: int, stage: str, spot: Mapping[str, Any]) -> Line:
        files, blobs, table = self._files(stage)
        line = {
            "v": 1,
            "name": address.format((*self._steps[:-1], self.unit(stage))),
            "kind": "stage",
            "check_every": self._commit.check_every,
            "start_timeout": self._commit.timeout if stage == BUILD else STEP_TIMEOUT,
            "stage": self._body(stage, {**table, **self._own_root.table(stage, spot)}),
            **{key: spot[key] for key in KEPT if key in spot},
        }
        more: dict[str, Any] = {"env": self._passed, "files": files}
        more["needs"] = [self.unit(STAGES[at - 1])] if at else []
        if stage == SETUP and self._own_root.is_set_up(spot):
            more["needs"] += self._own_root.keys()["needs"]
        pushed: tuple[tuple[str, Blob], ...] = ()
        if stage == BUILD:
            more |= {"product": product(self._artifact), "restart_max": AGAIN}
            pushed = ((self._commit.name, self._artifact),) if self._artifact else ()
        return Line({**line, **{key: value for key, value in more.items() if value}}, blobs, pushed)

    def _body(self, stage: str, table: dict[str, Any]) -> dict[str, Any]:
        commit = self._commit
        body: dict[str, Any] = {
            "do": stage,
            "url": commit.url,
            "source": commit.source,
            "table": table,
        }
        if commit.place:
            body["place"] = commit.place
        if self._own_root.along:
            body["along"] = True
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
