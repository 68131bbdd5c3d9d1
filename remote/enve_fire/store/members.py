"""Where stores lie: the members of ENVE_STORE, or what this machine and user have without it."""

from __future__ import annotations

import os
import stat

from enve_fire.core.trouble import USAGE, Trouble
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping, Sequence

VARIABLE = "ENVE_STORE"
LIMIT = "ENVE_STORE_LIMIT"
MOST = "10G"  # of what I made, before the least recent goes
SHARED = "/var/opt/enve/store"
OWN = ".cache/enve/store"  # below the home
Members = namedtuple("Members", "first others webs")  # a folder, folders, prefixes


def members(environ: Mapping[str, str]) -> Members:
    """The folder that is written to, those that are only read, and the prefixes of http(s)."""
    found = split(environ.get(VARIABLE, ""))
    if not found:
        found = [_default(environ)]
    webs = [one for one in found if is_web(one)]
    folders = [one for one in found if not is_web(one)]
    if is_web(found[0]):
        raise Trouble(USAGE, "%s: the first member is written to, so it is a folder" % VARIABLE)
    for folder in folders:
        if not folder.startswith("/"):
            raise Trouble(USAGE, "%s: wanted absolute folders, found %r" % (VARIABLE, folder))
    if not folders[0].isprintable() or " " in folders[0]:
        told = "%s: wanted a path without blanks, found %r" % (VARIABLE, folders[0])
        raise Trouble(USAGE, told, "commands of builds have it in $OUT; set another one")
    return Members(folders[0], folders[1:], [one.rstrip("/") for one in webs])


def limit(environ: Mapping[str, str]) -> int:
    """Bytes; 0: none. Raises Trouble."""
    from enve_fire.store import amounts

    try:
        return amounts.size(environ.get(LIMIT) or MOST)
    except Trouble as trouble:
        raise Trouble(USAGE, "%s: %s" % (LIMIT, trouble.message)) from None


def split(text: str) -> Sequence[str]:
    """By colons, but for those of a url: behind its scheme, before its port, and in brackets."""
    found: list[str] = []
    for piece in text.split(":"):
        if found and _goes_on(found[-1], piece):
            found[-1] += ":" + piece
        else:
            found.append(piece)
    return [one for one in found if one]


def _goes_on(member: str, piece: str) -> bool:
    if member in ("http", "https"):
        return piece.startswith("//")
    host = member.partition("//")[2] if is_web(member) else "/"
    inside = host.startswith("[") and "]" not in host
    return inside or ("/" not in host and piece.partition("/")[0].isdigit())


def is_web(member: str) -> bool:
    return member.startswith(("http://", "https://"))


def _default(environ: Mapping[str, str]) -> str:
    try:
        mode = os.lstat(SHARED).st_mode
    except OSError:
        mode = 0
    if stat.S_ISDIR(mode) and stat.S_IMODE(mode) == 0o1777:
        return SHARED
    home = environ.get("HOME", "")
    if not home.startswith("/"):
        raise Trouble(USAGE, "no place for a store: HOME is not set", "set %s" % VARIABLE)
    return home.rstrip("/") + "/" + OWN
