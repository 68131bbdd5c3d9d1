"""`pm host install|remove|start|stop`: this pm and the init of its machine."""

from __future__ import annotations

import os
import sys

from enve_pm.hostinit import kept, life, login, record, register
from enve_pm.hostinit.nobody import Nobody
from enve_pm.hostinit.problem import Problem
from enve_pm.shell import where, words
from enve_pm.shell.extent import is_system
from enve_pm.shell.plan import initial
from enve_pm.shell.words import FAILED, REFUSED, USAGE, Failure, nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from enve_pm.hostinit.keeper import Keeper

FLAGS = {
    **where.FLAGS,
    "--kind": True,
    "--force": False,
    "--init-stream": True,
    "--stdout": False,
    "--as-root": False,
}
OF_INSTALL = ("--init-stream", "--stdout", "--force")  # elsewhere they would be ignored
WANTED = "wanted: pm host install|remove|start|stop"


class Asked:
    """One command: whose pm it is, and what was said of the keeper."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self.options = options
        self.home = where.home(options)
        self.as_root = "--as-root" in options
        self.system = is_system(self.home, where.pipe(options, self.home))
        whose = login.of(self.home) if self.as_root else ""
        self.kept = kept.of(self.home, whose, self._stream())

    def _stream(self) -> str | None:
        """The path that was given, "" for none at all; None when nothing was said."""
        given = self.options.get("--init-stream")
        if given != initial.STDIN:
            return os.path.abspath(given) if given else given
        if self.as_root or "--stdout" in self.options:
            raise Failure(USAGE, "--init-stream - is kept in pm's home: give a file here")
        return f"{self.home}/{initial.NAME}"

    def keep_stream(self) -> None:
        """What is registered begins with it, also when a later deploy registers it again."""
        given = self.options.get("--init-stream")
        if given == initial.STDIN:
            initial.place(given, self.home)
        elif given and not os.path.isfile(given):
            raise Problem(
                f"there is no file {given}", "give the signed plan: enve-march --out FILE"
            )
        if not self.as_root:
            kept.remember(self.kept)

    def chosen(self) -> Keeper:
        """By name, else what this machine has."""
        kind = self._kind()
        if kind != register.AUTO and not self.known()[0].usable():
            raise Problem(
                f"{kind} can't be had on this machine",
                "without --kind pm finds what can; with --stdout it is only printed",
            )
        return register.choose(kind, self.kept, self.system)

    def known(self) -> list[Keeper]:
        """By name, else all that pm is registered with."""
        kind = self._kind()
        if kind != register.AUTO:
            return [register.known(self.kept, self.system)[kind](self.kept)]
        found = register.there(self.kept, self.system)
        if self.as_root and not found:
            raise Problem(f"root has not registered the pm of {self.kept.login}")
        return found or [Nobody(self.kept)]

    def printed(self) -> Keeper:
        """By name also what only another machine has."""
        return self.chosen() if self._kind() == register.AUTO else self.known()[0]

    def _kind(self) -> str:
        kind = self.options.get("--kind", register.AUTO)
        makes = register.known(self.kept, self.system)
        if kind != register.AUTO and kind not in makes:
            if kind in register.SYSTEM:
                raise Failure(USAGE, f"--kind {kind} is root's: it takes --as-root")
            hint = nearest(kind, list(makes)) or f"; known here: {', '.join(makes)}"
            raise Failure(USAGE, f"--kind {kind}{hint}")
        return kind


def run(verb: str, arguments: Sequence[str]) -> int:
    """The exit status. Raises Failure."""
    options, rest = words.split(arguments, FLAGS)
    action = ACTIONS.get(rest[0]) if len(rest) == 1 else None
    if action is None:
        raise Failure(USAGE, WANTED)
    astray = [flag for flag in OF_INSTALL if flag in options and action is not install]
    if astray:
        raise Failure(USAGE, f"{astray[0]} goes with install, found {rest[0]}; nothing was done")
    try:
        return action(Asked(options))
    except Problem as problem:
        hint = f"; {problem.hint}" if problem.hint else ""
        raise Failure(REFUSED if problem.refused else FAILED, f"{problem}{hint}") from None


def install(asked: Asked) -> int:
    """Have pm started at every boot; `--stdout`: only print what would be put down."""
    if "--stdout" in asked.options:
        keeper = asked.printed()
        sys.stdout.write(keeper.text())
        _untried(keeper)
        return 0
    _owner(asked)
    if not os.path.isfile(asked.kept.launcher):
        raise Problem(f"there is no {asked.kept.launcher}", "enve-deploy puts it there")
    keeper = asked.chosen()
    _untried(keeper)
    asked.keep_stream()
    changed = keeper.register("--force" in asked.options)
    if not asked.as_root:
        record.renew(asked.home, keeper.path)
    _told(f"registered with {keeper.kind}" if changed else f"unchanged: {keeper.kind}", keeper)
    return 0


def remove(asked: Asked) -> int:
    """Forget it; pm ends with that."""
    _owner(asked)
    ran = not asked.as_root and life.holder(asked.home)
    removed = [keeper for keeper in asked.known() if keeper.remove()]
    _end(asked)
    for keeper in removed:
        _told(f"removed from {keeper.kind}", keeper)
    if not removed:
        print("ended pm; it was not registered" if ran else "unchanged: it was not registered")
    return 0


def start(asked: Asked) -> int:
    """By the first that knows it."""
    _owner(asked)
    pid = life.holder(asked.home)
    if pid:
        print(f"pm runs already, pid {pid}")
        return 0
    keeper = asked.known()[0]
    keeper.start()
    if not life.wait(lambda: life.alive(asked.home), life.START_DEADLINE):
        at = f"look into {asked.home}/log, and what {keeper.kind} says"
        raise Problem(f"pm is not there after {life.START_DEADLINE:.0f} s", at)
    return 0


def stop(asked: Asked) -> int:
    _owner(asked)
    for keeper in asked.known():
        keeper.stop()
    _end(asked)
    return 0


def _end(asked: Asked) -> None:
    """Also a pm that the init has not started. Another login's says itself what is to be killed:
    that is no word for root to act on."""
    if not asked.as_root:
        life.stop(asked.home)


def _owner(asked: Asked) -> None:
    uid = os.stat(asked.home).st_uid
    if asked.as_root and os.geteuid() != 0:
        raise Failure(REFUSED, "--as-root is for root; with --stdout it only prints")
    if not asked.as_root and os.geteuid() != uid:
        hint = "; root may with --as-root" if os.geteuid() == 0 else ""
        raise Failure(REFUSED, f"{asked.home} belongs to uid {uid}: only its owner may{hint}")


def _untried(keeper: Keeper) -> None:
    if not keeper.tried:
        print(f"pm: {keeper.kind} is a template: tried on no such host yet", file=sys.stderr)


def _told(what: str, keeper: Keeper) -> None:
    print(f"{what} ({keeper.path})" if keeper.path else what)


ACTIONS: dict[str, Callable[[Asked], int]] = {
    "install": install,
    "remove": remove,
    "start": start,
    "stop": stop,
}
