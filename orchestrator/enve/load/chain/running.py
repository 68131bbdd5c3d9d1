"""The line of a spot that has a commit, completed: what the profile says of what runs, and how it
finds what its stages have made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from enve.load.chain.atspot import AtSpot
from enve.load.command import SHELL
from enve_fire.core import filled, mark, profile, title
from enve_pm.core.stagebody import is_passed
from enve_pm.core.stages import INSTALL, SETUP

COMMANDS = ("command", "check", "make", "undo")  # of a unit's line
WITH_COMMAND = ("reload", "health")  # tables of it that may have one
SOURCE = ("$SRC", "${SRC}")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Running:
    """`line`: of the spot, which is completed in place; `spoken`: what of it the plan has said."""

    def __init__(self, at: AtSpot, line: dict[str, Any], spoken: Mapping[str, Any]) -> None:
        self._at = at
        self._commit = at.commit
        self._table = at.table
        self._line = line
        self._spoken = spoken

    def complete(self) -> dict[str, str]:
        """What of the plan's env its stages are given: no profile says how others fetch. Raises
        InputError."""
        line, own_root = self._line, self._at.own_root
        run = profile.section(self._table, profile.RUN)
        self._open(run["cmd"], "run.cmd")
        self._open(profile.section(self._table, "setup")["run"], "setup.run")
        self._take(run)
        own_root.check(line)
        self._equip()
        passed = {key: value for key, value in line.get("env", {}).items() if is_passed(key)}
        line["env"] = {**self._env(), **run["env"], **line.get("env", {})}
        self._follow()
        return passed

    def _open(self, words: Iterable[str], what: str) -> None:
        """Refuses what every user of the node would see."""
        if any(secret in word for word in words for secret in self._commit.secrets):
            hint = "put it into `run.env` or a file of `setup`"
            told = f"{what} of {self._commit.name}: a secret in a command is seen by every user"
            raise self._commit.item.bad(told, hint=hint)

    def _take(self, run: Mapping[str, Any]) -> None:
        """What the profile says, and the plan does not."""
        line, reload = self._line, run["reload"]
        words = line.get("command", []) if "run" in self._spoken else self._below(run["cmd"])
        if words:
            line["command"] = words
        elif line.get("want") != "down":
            hint = "`run` of the spot, or `run.cmd` of the profile"
            raise self._commit.item.bad(f"{self._commit.name}: what runs?", hint=hint)
        if reload and "reload" not in line and line.get("kind", "process") == "process":
            is_signal = isinstance(reload, dict)
            line["reload"] = reload if is_signal else {"command": self._below(reload)}
        if run["user"] and "user" not in line:
            line["user"] = run["user"]

    def _below(self, words: list[str]) -> list[str]:
        """Of the profile's own words: a program by a relative path lies in the software's folder,
        as where it is tried out. What a plan says is relative to the spot's."""
        if any(name in word for word in words for name in SOURCE):
            told = f"{self._commit.name}: its profile runs what lies in $SRC, which no node keeps"
            raise self._commit.item.bad(told, hint="install it, and run it from $ROOT$PREFIX")
        if words and "/" in words[0] and not words[0].startswith("/"):
            return [f"{self._table['prefix']}/{words[0]}", *words[1:]]
        return words

    def _follow(self) -> None:
        """It needs its stages, and a new setup only reloads it."""
        line, stages = self._line, [self._at.unit(INSTALL), self._at.unit(SETUP)]
        keys = self._at.own_root.keys()
        line["needs"] = [*line.get("needs", ()), *stages, *keys.pop("needs")]
        line.update(keys)
        if line.get("reload"):
            line["on_restart"] = {stages[1]: "reload", **line.get("on_restart", {})}

    # -- its commands find what is installed -------------------------------------------------------
    def _env(self) -> dict[str, str]:
        """Where it is, and what it runs with in a root of its own."""
        along = {one.table["title"]: one.table["prefix"] for one in self._at.own_root.along}
        folders = [self._at.root + self._table["prefix"], *along.values()]
        path = ":".join([*(f"{folder}/bin" for folder in folders), PATH])
        deps = {title.variable(name): prefix for name, prefix in along.items()}
        where = {"PATH": path, "PREFIX": self._table["prefix"], "ROOT": self._at.root}
        return {**where, "ENVE_STAGE": profile.RUN, "ENVE_TITLE": self._table["title"], **deps}

    def _equip(self) -> None:
        """Whoever asks how it is, or tells it to reload, finds what it finds itself."""
        line = self._line
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
        entered = self._at.own_root.entered
        if entered or not (found.get(profile.INSTALL) or found.get(profile.RUN)):
            return words
        text = mark.env(self._commit.name, bool(self._commit.place))
        return [*SHELL, f'. "$ROOT/{text}" && exec "$@"', "sh", *words]

    def _own(self, words: list[str]) -> list[str]:
        """Its program, where that begins with the prefix, is the one that is installed here, or as
        it is seen in a root of its own; `$ROOT` and `$PREFIX` are filled in."""
        prefix = self._table["prefix"].rstrip("/") + "/"
        first = self._at.root + words[0] if words[0].startswith(prefix) else words[0]
        names = {"ROOT": self._at.root, "PREFIX": self._table["prefix"]}
        return filled.words([first, *words[1:]], names)
