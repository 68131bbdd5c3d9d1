"""Entries that processes use: started from there, standing there, or told of them by their words or
environment. None of them knows of the store, so it has to look."""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

_LINKS = ("exe", "cwd", "root")
_TEXTS = ("cmdline", "environ", "maps")
_LONGEST = 8 << 20  # bytes of one of them


def users(store: str) -> dict[str, int]:
    """Path of an entry -> a process that uses it, of those that we may look at."""
    path = re.compile(re.escape(os.fsencode(store)) + rb"/[^/\0\n]+/[a-z2-7]{32}-[A-Za-z0-9._+-]+")
    found: dict[str, int] = {}
    for pid in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        if pid.isdigit() and int(pid) != os.getpid():
            for text in _texts("/proc/" + pid):
                for match in path.finditer(text):
                    found.setdefault(os.fsdecode(match[0]), int(pid))
    return found


def _texts(process: str) -> Iterator[bytes]:
    for name in _LINKS:
        try:
            yield os.fsencode(os.readlink(process + "/" + name))
        except OSError:
            pass  # not ours to look at, or gone
    for name in _TEXTS:
        try:
            with open(process + "/" + name, "rb") as file:
                yield file.read(_LONGEST)
        except OSError:
            pass
