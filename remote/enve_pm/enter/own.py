"""What a pm behind walls sees of the HOME around it: its own HOME, what it is fed with, and the
programs, each where it stands outside too. An empty folder covers the rest."""

from __future__ import annotations

import os

from enve_pm.maker import layer, libc, trusted
from enve_pm.maker.layer import BIND, Layer
from enve_pm.shell.process import mountinfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SAFE = libc.NOSUID | libc.NODEV


def lay(home: str, shown: Sequence[tuple[str, bool]], root: str) -> None:
    """shown: (path, whether it is read-only); root: path of the folder that will be /, empty where
    that stays. Raises OSError."""
    find = trusted.open_path if os.geteuid() == 0 else _open
    # Where / stays, links on the way are those that we were led by: they are resolved.
    held = [(_place(find, path, root), read_only, find(path)) for path, read_only in shown]
    cover = Layer(_place(find, home, root), "tmpfs", "pm:home", SAFE, "mode=755,size=64k")

    def top() -> int:
        return find(root or "/")

    if not root and os.geteuid() == 0:
        _let_go(cover.at, [path for path, _, _ in held])
    layer.put(top, cover)
    for path, read_only, source in held:
        flags = SAFE | (libc.RDONLY if read_only else 0)
        layer.put(top, Layer(path, BIND, "", flags), source)
        os.close(source)


def _let_go(home: str, kept: Sequence[str]) -> None:
    """What others have mounted in that HOME goes out of our sight, and is not kept in use by us."""
    for mount in mountinfo.below(home, mountinfo.read()):
        if any((path + "/").startswith(mount.at + "/") for path in kept):
            continue
        above, _, name = mount.at.rpartition("/")
        try:
            folder = trusted.open_path(above)
        except trusted.Bent:
            continue  # it will be covered
        os.fchdir(folder)
        os.close(folder)
        libc.unmount(name, libc.DETACH | libc.NOFOLLOW)
    os.chdir("/")


def _place(find: Callable[[str], int], path: str, root: str) -> str:
    """Below the root."""
    if root:
        return path
    handle = find(path)
    try:
        return trusted.real(handle)
    finally:
        os.close(handle)


def _open(path: str) -> int:
    return os.open(path, os.O_PATH | os.O_CLOEXEC)
