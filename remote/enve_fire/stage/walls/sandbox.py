"""Walls around a command: it sees what it needs, writes only where it is told, reaches no process
but its own, and has no network.

`bwrap` (the program bubblewrap) or `userns` (the kernel's own means, see `stage.walls.kernel`);
`none`: no walls. Which of them work here is found out by doing.
"""

from __future__ import annotations

import os

from enve_fire.core.trouble import MISSING, Trouble
from enve_fire.stage.walls import view
from enve_pm.core.lean import namedtuple
from enve_pm.shell.process import keyring
from enve_pm.shell.state.handle import write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from enve_fire.stage.walls.supervisor import Started

AUTO, NONE, USERNS, BWRAP = KINDS = ("auto", "none", "userns", "bwrap")
PROGRAM = "bwrap"
# what root keeps, of capabilities: all concern files
RIGHTS = ("chown", "dac_override", "fowner", "fsetid")
FOLDERS = ("/usr/bin", "/bin", "/usr/local/bin")
APART = ("--unshare-pid", "--unshare-ipc", "--die-with-parent")


class Sandbox(namedtuple("Sandbox", "kind writable network seen", defaults=((), False, ()))):
    """`kind`: one of KINDS but AUTO; `writable`: folders; `seen`: others that are needed."""

    __slots__ = ()

    if TYPE_CHECKING:
        kind: str
        writable: Sequence[str]
        network: bool
        seen: Sequence[str]

    def prepare(self) -> None:
        """Load what a command takes to enter, once."""
        if self.kind != NONE:
            keyring.prepare()
        if self.kind == USERNS:
            from enve_fire.stage.walls import kernel  # noqa: F401

    def enter(self, argv: Sequence[str], env: Mapping[str, str]) -> Started:
        """In the process that becomes the command; what that has to execute. Raises OSError."""
        if self.kind == NONE:
            return argv, env
        keyring.leave()
        if self.kind == BWRAP:
            return self._by_program(argv, env)
        from enve_fire.stage.walls import kernel

        kernel.enter(self._view(), self.network)
        return argv, env

    def _by_program(self, argv: Sequence[str], env: Mapping[str, str]) -> Started:
        """The environment is for behind the walls: what stands before them would be led by it
        (LD_PRELOAD). All that is told stays out of the list of processes, which all may read."""
        shut = () if self.network else ("--unshare-net",)
        words = [*_laid(self._view()), *APART, *shut, *_rights(), *_environment(env)]
        handle = os.memfd_create("walls", 0)
        write_all(handle, b"".join(os.fsencode(word) + b"\0" for word in words))
        os.lseek(handle, 0, os.SEEK_SET)
        return [program(), "--args", str(handle), "--", *argv], {}

    def _view(self) -> view.View:
        return view.of(self.writable, self.seen, self.network)


def _laid(found: view.View) -> Iterator[str]:
    for path in view.EMPTY:
        yield from ("--dir", path)
    yield from ("--proc", "/proc", "--dev", "/dev", "--tmpfs", view.TMP)
    for path in found.shown:
        yield from ("--ro-bind", path, path)
    for text, path in found.links:
        yield from ("--symlink", text, path)
    for path in found.seen:
        yield from ("--ro-bind", path, path)
    for path in found.writable:
        yield from ("--bind", path, path)
    yield from ("--remount-ro", "/proc", "--remount-ro", "/")


def _environment(env: Mapping[str, str]) -> Iterator[str]:
    for name, value in env.items():
        yield from ("--setenv", name, value)


def _rights() -> list[str]:
    """root keeps what it needs of its rights over files; others have none."""
    if os.geteuid():
        return []
    kept = [word for name in RIGHTS for word in ("--cap-add", "cap_" + name)]
    return ["--cap-drop", "ALL", *kept]


OPEN = Sandbox(NONE, network=True)


def program() -> str:
    """bwrap's; "" where there is none."""
    found = (os.path.join(folder, PROGRAM) for folder in FOLDERS)
    return next((path for path in found if os.access(path, os.X_OK)), "")


def choose(kind: str, writable: Sequence[str], network: bool, seen: Sequence[str] = ()) -> Sandbox:
    """The first that works, where it is AUTO. Raises Trouble for one that was asked for and does
    not work here."""
    if kind == NONE:
        return OPEN
    for one in (BWRAP, USERNS) if kind == AUTO else (kind,):
        walls = Sandbox(one, writable, network, seen)
        why = probe(walls)
        if not why:
            return walls
    if kind == AUTO:
        return OPEN
    hint = "`sandbox: auto` takes what there is, `sandbox: none` goes without"
    raise Trouble(MISSING, "sandbox %s does not work here: %s" % (kind, why), hint)


def probe(walls: Sandbox) -> str:
    """Why it does not work; "" when it does: one process is behind it, and tries."""
    if walls.kind == BWRAP and not program():
        return "there is no program bwrap in " + " ".join(FOLDERS)
    from enve_fire.stage.commands import Begun
    from enve_fire.stage.log import Log

    where = walls.writable[0] if walls.writable else "/"
    try_ = ': >"$W/.enve-probe" && rm "$W/.enve-probe"' if walls.writable else ":"
    with Log("") as kept:
        begun = Begun(try_, {"W": where, "PATH": "/usr/bin:/bin"}, where, walls)
        status = begun.follow(kept, None)
        said = " ".join(kept.last()).strip()
    return "" if status == 0 else said or "status %d" % status
