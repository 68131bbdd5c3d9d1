"""/proc/self/mountinfo as rows (proc(5)). Pure, but for `read`."""

from __future__ import annotations

from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# number: of the mount, as in fdinfo's mnt_id · device: "MAJOR:MINOR" · root: the folder of that
# file system that stands at `at` · options: of this mount (ro nosuid ...) · kind, source, more: of
# the file system, `more` its own options · tags: shared:N, master:N and the like
Mount = namedtuple("Mount", "number device root at options kind source more tags")


def parse(text: str) -> Iterator[Mount]:
    """The rows in the kernel's order: of several at one place the last lies on top. Only a newline
    ends one: a path may have any other sign that ends lines elsewhere."""
    for line in text.split("\n"):
        left, dash, right = line.partition(" - ")
        words, rest = left.split(" "), right.split(" ")
        if dash and len(words) >= 6 and len(rest) >= 3:
            options = frozenset(words[5].split(","))
            more = frozenset(rest[2].split(","))
            at, root, source = _plain(words[4]), _plain(words[3]), _plain(rest[1])
            tags = frozenset(words[6:])
            yield Mount(words[0], words[2], root, at, options, rest[0], source, more, tags)


def read() -> list[Mount]:
    with open("/proc/self/mountinfo", "rb") as file:
        return list(parse(file.read().decode("utf-8", "surrogateescape")))


def on(path: str, mounts: list[Mount]) -> Mount | None:
    """The mount that stands just at this path, the top one."""
    found = at(path, mounts)
    return found[-1] if found else None


def at(path: str, mounts: list[Mount]) -> list[Mount]:
    """All that stand just at this path, the top one last."""
    return [mount for mount in mounts if mount.at == path]


def around(handle: int, mounts: list[Mount]) -> Mount | None:
    """The mount that an open folder or file lies in."""
    number = number_of(handle)
    return next((mount for mount in mounts if mount.number == number), None)


def number_of(handle: int) -> str:
    """A bind has the device number of what it shows: only this tells mounts apart."""
    with open("/proc/self/fdinfo/%d" % handle, encoding="ascii") as file:
        for row in file:
            if row.startswith("mnt_id:"):
                return row.split()[1]
    return ""


def below(path: str, mounts: list[Mount]) -> list[Mount]:
    """What is mounted at a path and in it, the innermost first."""
    inside = [m for m in mounts if m.at == path or m.at.startswith(path.rstrip("/") + "/")]
    return inside[::-1]


def _plain(word: str) -> str:
    r"""Blanks, tabs, newlines and backslashes are written as \040 \011 \012 \134."""
    head, *rest = word.split("\\")
    return head + "".join(chr(int(part[:3], 8)) + part[3:] for part in rest)
