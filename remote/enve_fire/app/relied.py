"""What an rc file relies on, looked at: quickly, and with hardly anything imported."""

from __future__ import annotations

import os

from enve_fire.core import rcfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from enve_fire.core.rcfile import Rc

HOUR = 3600  # seconds
MOUNTS = "/proc/self/mountinfo"
_MARK = "enve-mark 1 "  # as `core.mark`, which brings hashes with it
_MARK_LENGTH = 64
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ROOT, _OPTIONS = 3, 5  # words of a row of MOUNTS: what is mounted, where, how
_AT = _ROOT + 1


def changed(rc: Rc, stat_cache: Callable[[str], str]) -> Iterator[str]:
    """Which of these things do not hold, a word each; what takes long is looked at last.
    `stat_cache`: see `quick`."""
    if rc.until and _now() >= rc.until:
        yield "time"
    if any(stat_text(path) != stat for path, stat in rc.files):
        yield "profile"
    if not all(map(os.path.isdir, rc.dirs)):
        yield "folder"
    if not marked(rc):
        yield "mark"
    if rc.mounts and any(mounted(folder) != sum_ for folder, sum_ in rc.mounts):
        yield "mounts"
    if any(_tree(path, stat_cache(path)) != hash_ for path, hash_ in rc.sources):
        yield "source"


def marked(rc: Rc) -> bool:
    """Whether all that was done still counts."""
    return all(_is_marked(path, hash_) for path, hash_ in rc.marks)


def use(rc: Rc) -> None:
    """Entries of the store were of use: else what runs most often would be the first to go. As
    `store.entry` notes it, at most once an hour."""
    marked = [path.partition("/.enve/")[0] for path, _ in rc.marks]
    for entry in [*rc.dirs, *marked]:
        shelf, _, name = entry.rpartition("/")
        used = "%s/.used/%s" % (shelf, name)
        try:
            if _now() - os.stat(used, follow_symlinks=False).st_mtime > HOUR:
                os.utime(used, follow_symlinks=False)
        except OSError:
            continue  # no entry, or not ours


def stat_text(path: str) -> str:
    """What tells two states of a file from each other; "" where it is not there."""
    try:
        state = os.stat(path)
    except OSError:
        return ""
    numbers = (state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)
    return ":".join(map(str, numbers))


def mounted(folder: str) -> str:
    """A sum of all that is mounted at a real path and below it, as this process sees it; "" for
    nothing. Neither another boot has it nor another mount namespace, nor this one after a part was
    unmounted, or something laid over it."""
    at = "".join("\\%03o" % ord(sign) if sign in " \t\n\\" else sign for sign in folder)
    try:
        with open(MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
            rows = [line.split(" ") for line in file.read().split("\n") if at in line]
    except OSError:
        return ""
    found = [row for row in rows if row[_AT] == at or row[_AT].startswith(at + "/")]
    text = "\n".join(" ".join(row[_ROOT - 1 : _OPTIONS + 1]) for row in found)
    return rcfile.checksum(text) if text else ""


def _now() -> int:
    import time

    return int(time.time())


def _is_marked(path: str, hash_: str) -> bool:
    try:
        handle = os.open(path, READ)
    except OSError:
        return False
    try:
        wanted = (_MARK + hash_ + "\n").encode()
        return os.read(handle, _MARK_LENGTH).startswith(wanted)
    except OSError:
        return False
    finally:
        os.close(handle)


def _tree(path: str, stat_cache: str) -> str:
    from enve_fire.core.trouble import Trouble
    from enve_fire.tree.digest import tree_hash

    try:
        return tree_hash(path, stat_cache)
    except (Trouble, OSError):
        return ""
