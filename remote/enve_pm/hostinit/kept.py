"""One pm as an init sees it: where it lives, as whom it runs, and under which name it is known."""

from __future__ import annotations

import os
import shlex
from collections import namedtuple

from enve_pm.hostinit import files
from enve_pm.hostinit.problem import Problem

DEFAULT_HOME = "/var/opt/pm"
NAME = "enve-pm"
REMEMBERED = "/lib/init-stream"  # in HOME
END = ("host", "stop", "--kind", "none")  # the command that ends pm, and asks no init


class Kept(namedtuple("Kept", "home login stream")):
    """`home`: absolute. `login`: whose pm the system's init is to run; "": the pm of whoever
    registers it. `stream`: the file that it begins with, "" = none."""

    __slots__ = ()

    @property
    def launcher(self) -> str:
        return "%s/pm" % self.home

    @property
    def run(self) -> list[str]:
        """The words after it that make it pm, in the foreground, as soon as no other one is."""
        return ["run", "--wait", *self._first]

    @property
    def loop(self) -> list[str]:
        """The same, in a session of its own and started again by itself: for inits that do not."""
        return ["run", "--respawn", "--detach", *self._first]

    @property
    def _first(self) -> list[str]:
        return ["--init-stream", self.stream] if self.stream else []

    def sh(self, *words: str) -> str:
        """A command of this pm for sh."""
        return " ".join(shlex.quote(word) for word in (self.launcher, *words))

    def su(self, *words: str) -> str:
        """The same for root's sh: as the login."""
        command = self.sh(*words)
        if not self.login:
            return command
        command = shlex.quote("exec " + command)
        return "su -s /bin/sh %s -c %s" % (shlex.quote(self.login), command)

    @property
    def name(self) -> str:
        """`enve-pm`; with a mark of the home where that is not a default one."""
        own = not self.login and self.home.endswith("/.local/state/pm")
        if self.home == DEFAULT_HOME or own:
            return NAME
        return "%s-%s" % (NAME, files.sha256(os.fsencode(self.home))[:8])

    @property
    def shown(self) -> str:
        """The home as a comment may hold it."""
        return "".join(letter if letter.isprintable() else "?" for letter in self.home)


def as_root(home: str, action: str) -> str:
    """What root is asked to do for a login's pm: never with the program that lies there, which is
    that login's to change."""
    return "have root run, with a pm of its own: pm host %s --as-root --home %s" % (
        action,
        shlex.quote(home),
    )


def of(home: str, login: str = "", stream: str | None = None) -> Kept:
    """`stream` None: the one that was remembered. Raises Problem for a path that no line of an
    init's tables could hold."""
    if stream is None:
        stream = "" if login else _remembered(home)
    for what, path in (("home", home), ("init stream", stream)):
        if any(letter < " " or letter == "\x7f" for letter in path):
            raise Problem("pm's %s has control characters in its name: %r" % (what, path))
        if any("\ud800" <= letter <= "\udfff" for letter in path):
            raise Problem("the name of pm's %s is no UTF-8: %r" % (what, path))
    return Kept(home, login, stream)


def remember(kept: Kept) -> None:
    """A later deploy registers it with the same init stream."""
    path = kept.home + REMEMBERED
    if kept.stream:
        files.put(path, os.fsencode(kept.stream) + b"\n", 0o600)
    else:
        files.discard(path)


def _remembered(home: str) -> str:
    return os.fsdecode(files.read(home + REMEMBERED, 8192)).rstrip("\n")
