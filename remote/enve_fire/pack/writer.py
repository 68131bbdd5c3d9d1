"""A tree as a tar archive that is the same to the byte wherever it is packed.

PAX headers; paths sorted by their bytes; owners in numbers, without names; times that are no later
than a given one; of extended attributes only capabilities; what is one file twice is a link to its
first name. Umask, locale, user and the place of the tree have no say.
"""

from __future__ import annotations

import io
import os
import stat

from enve_fire.core.package import MEMBER
from enve_fire.tree.walk import FILE, top, walk
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tarfile import TarFile, TarInfo
    from typing import Any, Optional

CAPABILITY = "security.capability"
_HEADER = "SCHILY.xattr." + CAPABILITY


class PackTerms(namedtuple("PackTerms", "epoch owner plain", defaults=(None, False))):
    """`epoch`: seconds, what no time is later than · `owner`: (uid, gid) of all of it; None: as the
    files say · `plain`: modes are no more than whether a file can be run."""

    __slots__ = ()

    if TYPE_CHECKING:
        epoch: int
        owner: Optional[tuple[int, int]]
        plain: bool


def write(folder: str, first: bytes, terms: PackTerms, out: Any) -> None:
    """`first`: what MEMBER says; `out`: has a `write`. Raises Trouble, OSError."""
    import tarfile

    archive = tarfile.open(  # noqa: SIM115
        fileobj=out,
        mode="w|",
        format=tarfile.PAX_FORMAT,
        encoding="utf-8",
        errors="surrogateescape",
        bufsize=tarfile.RECORDSIZE,
    )
    with archive:
        _Writer(archive, terms).run(folder, first)


class _Writer:
    def __init__(self, archive: TarFile, terms: PackTerms) -> None:
        self._archive = archive
        self._terms = terms
        self._twins: dict[tuple[int, int], str] = {}

    def run(self, folder: str, first: bytes) -> None:
        info = self._info(MEMBER)
        info.uid = info.gid = 0
        info.size, info.mode, info.mtime = len(first), 0o644, self._terms.epoch
        self._archive.addfile(info, io.BytesIO(first))
        handle = top(folder)
        try:
            rows = sorted((path, state) for _, path, _, state in walk(handle))
        finally:
            os.close(handle)
        for path, state in rows:
            self._member(os.fsencode(folder) + b"/" + path, os.fsdecode(path), state)
            self._archive.members = []  # type: ignore[attr-defined]  # it keeps them all otherwise

    def _member(self, path: bytes, name: str, state: os.stat_result) -> None:
        info = self._info(name)
        if self._terms.owner is None:
            info.uid, info.gid = state.st_uid, state.st_gid
        info.mode = self._mode(state)
        info.mtime = self._terms.epoch
        if stat.S_ISDIR(state.st_mode):
            info.type = b"5"
            self._archive.addfile(info)
        elif stat.S_ISLNK(state.st_mode):
            info.type, info.linkname = b"2", os.fsdecode(os.readlink(path))
            self._archive.addfile(info)
        else:
            self._file(path, info, state)

    def _file(self, path: bytes, info: TarInfo, state: os.stat_result) -> None:
        info.mtime = max(0, min(int(state.st_mtime), self._terms.epoch))
        first = self._twins.setdefault((state.st_dev, state.st_ino), info.name)
        if first != info.name:
            info.type, info.linkname = b"1", first
            self._archive.addfile(info)
            return
        handle = os.open(path, FILE)
        with os.fdopen(handle, "rb") as file:
            info.size = os.fstat(handle).st_size
            capability = _capability(handle)
            if capability:
                info.pax_headers = {_HEADER: capability.decode("utf-8", "surrogateescape")}
            self._archive.addfile(info, file)

    def _info(self, name: str) -> TarInfo:
        from tarfile import TarInfo

        info = TarInfo(name)
        info.uid, info.gid = self._terms.owner or (0, 0)
        return info

    def _mode(self, state: os.stat_result) -> int:
        mode = stat.S_IMODE(state.st_mode)
        if stat.S_ISLNK(state.st_mode):
            return 0o777
        if not self._terms.plain:
            return mode
        if stat.S_ISDIR(state.st_mode):
            return mode & 0o1000 | 0o755
        return mode & 0o6000 | (0o555 if mode & 0o111 else 0o444)


def _capability(handle: int) -> bytes:
    try:
        return os.getxattr(handle, CAPABILITY)
    except (OSError, AttributeError):  # none; no Linux
        return b""
