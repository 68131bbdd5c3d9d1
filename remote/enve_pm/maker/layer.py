"""One thing that is mounted in a root: what it is, and how it gets there.

A root holds what others have made, so its links are never followed: each step below it is opened by
itself, and one that is a link is refused.
"""

from __future__ import annotations

import errno
import os
import stat

from enve_pm.core.fields import TREE
from enve_pm.core.lean import namedtuple
from enve_pm.maker import attach, libc, trusted
from enve_pm.shell.process import mountinfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from enve_pm.shell.process.mountinfo import Mount

BIND, PROC = "bind", "proc"
FORBIDDEN = {"nosuid": libc.NOSUID, "nodev": libc.NODEV, "noexec": libc.NOEXEC}
FOLDER, FILE = "folder", "file"
_STEP = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC

# at: path below the root, "" is the root itself · kind: bind, or of a file system · source: a path,
# or its name · flags, data: as of mount(2) · links: {name: target} made in it · lies: {option of an
# overlay: paths of its folders}
Layer = namedtuple("Layer", "at kind source flags data links lies", defaults=("", {}, {}))


def put(root: Callable[[], int], layer: Layer, source: int = -1) -> None:
    """Mount it below the root, which `root` opens; what it stands on is made. `source`: what a bind
    shows, where that is open already. Raises OSError."""
    if layer.kind == BIND and source < 0:
        source = trusted.open_path(layer.source)
        try:
            put(root, layer, source)
        finally:
            os.close(source)
        return
    target = _reach(root, layer.at, make=_like(source))
    try:
        bound = _mount(layer, source, target)
    finally:
        os.close(target)
    if not bound:
        _finish(_reach(root, layer.at), layer)


def _reach(root: Callable[[], int], at: str, make: str = "") -> int:
    """The root is opened anew each time: something may lie on it now."""
    handle = root()
    try:
        return below(handle, at, make)
    finally:
        os.close(handle)


def _like(source: int) -> str:
    folder = source < 0 or stat.S_ISDIR(os.fstat(source).st_mode)
    return FOLDER if folder else FILE


def _mount(layer: Layer, source: int, target: int) -> bool:
    """Whether it is there as it shall be, and nothing is left to finish."""
    name = trusted.name(target)
    if layer.kind == PROC:
        return _mount_proc(layer, target)
    if layer.kind != BIND:
        _mount_system(layer, name)
        return False
    if attach.bind(source, target, layer.flags, private=True):
        return True
    libc.mount(trusted.name(source), name, "", libc.BIND)
    return False


def _mount_proc(layer: Layer, target: int) -> bool:
    """Of our processes. In a user namespace the kernel lets those alone mount it who have some of
    their own; then what we see is shown."""
    try:
        _mount_system(layer, trusted.name(target))
    except PermissionError:
        source = trusted.open_path("/" + PROC)
        try:
            if attach.bind(source, target, layer.flags, private=True):
                return True
        finally:
            os.close(source)
        raise
    return False


def _mount_system(layer: Layer, target: str) -> None:
    """A file system. What it lies on is held open: no other can be put in its place."""
    held: list[int] = []
    try:
        rows = [_option(name, paths, held) for name, paths in layer.lies.items()]
        data = ",".join(filter(None, (layer.data, *rows)))
        flags = layer.flags | _forbidden(held[: len(layer.lies.get("lowerdir", ()))])
        libc.mount(layer.source, target, layer.kind, flags, data)
    finally:
        for handle in held:
            os.close(handle)


def _forbidden(held: Sequence[int]) -> int:
    """What a mount forbids of the files in it stays forbidden in an overlay over them."""
    mounts = mountinfo.read() if held else []
    around = [mountinfo.around(one, mounts) for one in held]
    words = {word for mount in around if mount is not None for word in mount.options}
    return sum(flag for word, flag in FORBIDDEN.items() if word in words)


def _option(name: str, paths: Sequence[str], held: list[int]) -> str:
    first = len(held)
    for path in paths:
        held.append(trusted.open_path(path))
    return "%s=%s" % (name, ":".join(map(trusted.name, held[first:])))


def _finish(top: int, layer: Layer) -> None:
    """What needs the mount itself: it goes nowhere else, a bind gets its flags, links are laid."""
    try:
        libc.mount("", trusted.name(top), "", libc.PRIVATE)
        if layer.kind == BIND and layer.flags:
            libc.mount("", trusted.name(top), "", libc.BIND | libc.REMOUNT | layer.flags)
        for name, target in layer.links.items():
            os.symlink(target, name, dir_fd=top)
    finally:
        os.close(top)


def below(
    root: int, path: str, make: str = "", judge: Callable[[int, str], None] | None = None
) -> int:
    """A descriptor (O_PATH) of what stands at a path below the root; `make`: folder or file, which
    the last step becomes where it is missing; `judge`: of each folder that a step is taken from.
    Raises OSError."""
    steps = [step for step in path.split("/") if step]
    here = os.dup(root) if not steps else _open(root, ".")
    for number, step in enumerate(steps, 1):
        try:
            if judge is not None:
                judge(here, path)
            if make:
                _make(here, step, make if number == len(steps) else FOLDER)
            following = _open(here, step)
        finally:
            os.close(here)
        here = following
    return here


def _open(folder: int, step: str) -> int:
    handle = os.open(step, _STEP, dir_fd=folder)
    if stat.S_ISLNK(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.ELOOP, "a link stands in the way", step)
    return handle


def _make(folder: int, step: str, what: str) -> None:
    try:
        if what == FOLDER:
            os.mkdir(step, 0o755, dir_fd=folder)
        else:
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
            os.close(os.open(step, flags, 0o600, dir_fd=folder))
    except FileExistsError:
        pass


def owns(layer: Layer, found: Mount) -> bool:
    """Whether this mount is that layer, the first one of a root."""
    if layer.kind != BIND:
        return (found.kind, found.source) == (layer.kind, layer.source)
    spot, tree = layer.source.split("/")[-2:]
    return "/%s/%s" % (spot, tree[: len(TREE)]) in found.root


def differs(layer: Layer, found: Mount | None, path: str) -> str:
    """Why the layer is not what is mounted at that path."""
    if found is None:
        return "nothing is mounted at %s" % path
    if layer.kind not in (BIND, found.kind):
        return "a %s is mounted at %s" % (found.kind, path)
    if layer.flags & libc.RDONLY and "ro" not in found.options:
        return "%s can be written" % path
    return ""


def strays(paths: Sequence[str], mounts: Sequence[Mount]) -> list[str]:
    """Mounts that are none of these."""
    return sorted({mount.at for mount in mounts} - set(paths))
