"""What a command behind walls sees of this machine: the system's programs, what it needs, and
nothing else. Who is not shown a socket, a pipe or a key by any path does not reach it.
"""

from __future__ import annotations

import os

from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# all that is shown of the system, read-only, where it is there
SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/sys"),
    *("/nix/store", "/gnu/store"),
)
EMPTY = ("/run", "/home", "/root", "/var")  # folders that are there, and hold nothing
TMP = "/tmp"  # noqa: S108  (its own)
LINKS = (("/tmp", "/var/tmp"), ("/run", "/var/run"))  # noqa: S108
NAMES = "/etc/resolv.conf"  # may be a link to where nothing is shown


class View(namedtuple("View", "shown links seen writable")):
    """`shown`: paths of the system · `links`: (what a link says, its path) · `seen`: others that
    are needed; read-only, as `shown` is · `writable`: folders, also such that lie in one of
    `seen`. All are called in there as they are out here."""

    __slots__ = ()

    if TYPE_CHECKING:
        shown: Sequence[str]
        links: Sequence[tuple[str, str]]
        seen: Sequence[str]
        writable: Sequence[str]


def of(writable: Sequence[str], seen: Sequence[str], network: bool) -> View:
    """With a network it finds out who answers for names."""
    there = [path for path in SYSTEM if os.path.isdir(path)]
    links = [(os.readlink(path), path) for path in there if _is_inner_link(path)]
    left = [path for path in there if not _is_inner_link(path)]
    needed = [one for one in seen if not _is_below(one, writable)]
    if network:
        needed += _resolver()
    return View(left, [*links, *LINKS], sorted(set(needed)), writable)


def _is_inner_link(path: str) -> bool:
    """Such as /bin, where it is a part of /usr."""
    return os.path.islink(path) and _is_below(os.path.realpath(path), SYSTEM)


def _is_below(path: str, folders: Sequence[str]) -> bool:
    return any((path + "/").startswith(folder.rstrip("/") + "/") for folder in folders)


def _resolver() -> Iterator[str]:
    place = os.path.realpath(NAMES)
    if os.path.isfile(place) and not _is_below(place, SYSTEM):
        yield place
