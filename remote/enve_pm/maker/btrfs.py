"""Subvolumes of btrfs, by its own tool (package btrfs-progs)."""

from __future__ import annotations

import os
import subprocess

from enve_pm.maker import trusted
from enve_pm.maker.place import Trouble
from enve_pm.shell.process import mountinfo
from enve_pm.shell.state.subvolume import ROOT_INODE

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def can(folder: int) -> bool:
    """Can a subvolume be made in there?"""
    return _lies_on(folder) and _tool() != ""


def is_subvolume(folder: int) -> bool:
    return can(folder) and os.fstat(folder).st_ino == ROOT_INODE


def create(path: str) -> None:
    _run("subvolume", "create", path)


def limit(folder: int, size: int) -> None:
    """Let an open one hold at most so many bytes."""
    _run("quota", "enable", of=folder)
    _run("qgroup", "limit", str(size), of=folder)


def quota(folder: int) -> int:
    """The most bytes that it may hold; 0: no limit, or none that can be read."""
    try:
        text = _run("qgroup", "show", "--raw", "-re", "--sync", of=folder)
    except Trouble:
        return 0
    for row in text.splitlines():
        words = row.split()
        if words and words[0] == "0/%d" % _number(folder):
            return int(words[3]) if len(words) > 3 and words[3].isdigit() else 0
    return 0


def holds_others(folder: int) -> bool:
    """Whether there are subvolumes in it: whoever may write there may make some."""
    return _run("subvolume", "list", "-o", of=folder) != ""


def _number(folder: int) -> int:
    return int(_run("inspect-internal", "rootid", of=folder))


def _lies_on(folder: int) -> bool:
    """Each subvolume has a device number of its own: go by the mount that the folder lies in."""
    path = trusted.real(folder) + "/"
    around = [m for m in mountinfo.read() if path.startswith(m.at.rstrip("/") + "/")]
    return bool(around) and max(around, key=lambda m: len(m.at)).kind == "btrfs"


def _tool() -> str:
    for folder in PATH.split(":"):
        if os.access(folder + "/btrfs", os.X_OK):
            return folder + "/btrfs"
    return ""


def _run(*words: str, of: int = -1) -> str:
    """`of`: an open folder, the last word: no other can be put in its place."""
    last = [] if of < 0 else [trusted.name(of)]
    done = subprocess.run(
        [_tool(), *words, *last],
        pass_fds=[] if of < 0 else [of],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        check=False,
    )
    if done.returncode:
        raise Trouble("btrfs %s: %s" % (" ".join(words[:2]), done.stderr.strip()[-300:]))
    return done.stdout
