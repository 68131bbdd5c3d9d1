"""Zip archives, with the face that tar archives have, so that the same code unpacks both."""

from __future__ import annotations

import calendar
import stat
from tarfile import DIRTYPE, REGTYPE, SYMTYPE, TarInfo
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from enve_fire.fetch.archive import foreign
from enve_pm.shell.product.unpack import Unfit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO
    from zipfile import ZipInfo

TABLE = 32 << 20  # bytes of the list of members, which is read into memory
LINK = 4096
_ENCRYPTED = 1
_UNIX = 3


class Zipped:
    """`next` gives members, `extractfile` their bytes. Raises Unfit, OSError."""

    def __init__(self, source: BinaryIO) -> None:
        try:
            self._zip = ZipFile(_Bounded(source))
        except (BadZipFile, ValueError, OverflowError, NotImplementedError) as error:
            raise Unfit("not a whole zip archive: %s" % error) from None
        infos = self._zip.infolist()
        if len(infos) > foreign.MEMBERS:
            raise Unfit("more than %d members" % foreign.MEMBERS)
        self._left = iter(infos)
        self._infos: dict[int, ZipInfo] = {}
        self.members: list[TarInfo] = []
        self.firstmember = None

    def next(self) -> TarInfo | None:
        info = next(self._left, None)
        if info is None:
            return None
        if info.flag_bits & _ENCRYPTED:
            raise Unfit("%s: encrypted" % ascii(info.filename[:120]))
        if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            text = "%s: packed by method %d, wanted deflate or none"
            raise Unfit(text % (ascii(info.filename[:120]), info.compress_type))
        found = self._member(info)
        self._infos = {id(found): info}
        return found

    def _member(self, info: ZipInfo) -> TarInfo:
        found = TarInfo(info.orig_filename)
        mode = info.external_attr >> 16 if info.create_system == _UNIX else 0
        found.size = info.file_size
        found.mtime = _seconds(info.date_time)
        if stat.S_ISLNK(mode):
            found.type = SYMTYPE
            found.linkname = self._link(info)
            found.size = 0
        elif info.orig_filename.endswith("/") or stat.S_ISDIR(mode):
            found.type, found.mode, found.size = DIRTYPE, 0o755, 0
        elif stat.S_IFMT(mode) in (0, stat.S_IFREG):
            found.type, found.mode = REGTYPE, stat.S_IMODE(mode) or 0o644
        else:
            raise Unfit("%s: neither file, folder nor link" % ascii(info.filename[:120]))
        return found

    def _link(self, info: ZipInfo) -> str:
        with self._open(info) as file:
            data: bytes = file.read(LINK + 1)
        return data.decode("utf-8", "surrogateescape")

    def extractfile(self, member: TarInfo) -> Any:
        return self._open(self._infos[id(member)])

    def _open(self, info: ZipInfo) -> Any:
        try:
            return self._zip.open(info)
        except (BadZipFile, RuntimeError, NotImplementedError) as error:
            raise Unfit("%s: %s" % (ascii(info.filename[:120]), error)) from None


def _seconds(date: tuple[int, ...]) -> int:
    """There is no zone: taken for UTC, so that it is the same everywhere."""
    try:
        return max(calendar.timegm((*date, 0, 0, 0)), 0)
    except (ValueError, OverflowError):
        return 0


class _Bounded:
    """A file of which no more than the list's bound is read at once: what says that its list is
    huge takes no memory."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.seek = source.seek
        self.tell = source.tell

    def read(self, size: int = -1) -> bytes:
        if size > TABLE:
            raise Unfit("a list of members of %d bytes" % size)
        return self._source.read(TABLE if size < 0 else size)

    def seekable(self) -> bool:
        return True
