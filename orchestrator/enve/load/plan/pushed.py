"""Products pushed from this machine: a directory as a reproducible tar.gz, or a tar as it is."""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from enve import private
from enve.load.yaml.item import Item
from enve.model.plan import Blob

ENTRIES = 100_000
BYTES = 4 << 30
KEPT = 30 * 86_400  # seconds
_MAGIC = ((0, b"\x1f\x8b"), (0, b"BZh"), (0, b"\xfd7zXZ\x00"), (257, b"ustar"))
_CHUNK = 1 << 20


class Artifacts:
    """Packs and hashes each path once. `folder`: where packed directories are kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[Path, Blob] = {}

    def of(self, path: Path, item: Item, what: str) -> Blob:
        """The artifact of a directory or a tar file. `item`: where the plan asks for it."""
        if path not in self._known:
            try:
                made = self._packed(path, item, what) if path.is_dir() else _tar(path, item, what)
            except OSError as error:
                reason = error.strerror or str(error)
                raise item.bad(f"{what}: cannot read {path}: {reason}") from None
            self._known[path] = made
        return self._known[path]

    def _packed(self, path: Path, item: Item, what: str) -> Blob:
        private.make_folder(self._folder)
        descriptor, name = tempfile.mkstemp(dir=self._folder, prefix=".pack-")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                pack(path, stream, item, what)
            digest, size = hashed(temporary)
            final = self._folder / f"{digest}.tar.gz"
            temporary.replace(final)
        finally:
            temporary.unlink(missing_ok=True)
        _forget_old(self._folder)
        return Blob(digest, size, path=final)


def _forget_old(folder: Path) -> None:
    """Each use packs anew, so an old file is one that no plan of this machine pushes any more."""
    for file in folder.glob("*"):
        with suppress(OSError):  # another process forgets too
            if file.stat().st_mtime < time.time() - KEPT:
                file.unlink()


def _tar(path: Path, item: Item, what: str) -> Blob:
    with path.open("rb") as stream:
        head = stream.read(512)
    if not any(head[at : at + len(magic)] == magic for at, magic in _MAGIC):
        hint = "a directory, or a .tar, .tar.gz, .tar.bz2 or .tar.xz"
        raise item.bad(f"{what}: {path} is no tar archive", hint=hint)
    digest, size = hashed(path)
    return Blob(digest, size, path=path)


def hashed(path: Path) -> tuple[str, int]:
    """sha256 in hex, and the size."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size


def pack(folder: Path, stream: BinaryIO, item: Item, what: str) -> None:
    """The folder as tar.gz: the same content gives the same bytes, whoever packs it, whenever."""
    total = 0
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0, compresslevel=6) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        for count, (name, path) in enumerate(_walk(folder)):
            info = _info(name, path, item, what)
            total += info.size
            if count >= ENTRIES or total > BYTES:
                limits = f"{ENTRIES} entries and {BYTES >> 30} GiB"
                raise item.bad(f"{what}: {folder} is too large", hint=f"at most {limits}")
            if info.isreg():
                with path.open("rb") as content:
                    archive.addfile(info, content)
            else:
                archive.addfile(info)


def _walk(folder: Path, above: str = "") -> Iterator[tuple[str, Path]]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        name = f"{above}{entry.name}"
        yield name, Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), f"{name}/")


def _info(name: str, path: Path, item: Item, what: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, str(path.readlink()), 0o777
        target = os.path.normpath(os.path.join(os.path.dirname(name), info.linkname))  # noqa: PTH118, PTH120
        if info.linkname.startswith("/") or target.split("/")[0] == "..":
            raise item.bad(f"{what}: the link {path} leads out of the folder")
    elif stat.S_ISDIR(found.st_mode):
        info.type, info.mode = tarfile.DIRTYPE, 0o755
    elif stat.S_ISREG(found.st_mode):
        info.size, info.mode = found.st_size, 0o755 if found.st_mode & 0o111 else 0o644
    else:
        raise item.bad(f"{what}: {path} is neither a file, a folder nor a link")
    return info
