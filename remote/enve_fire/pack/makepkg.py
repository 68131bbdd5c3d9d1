"""`makepkg`: an artifact as one file, the same to the byte whoever makes it, and wherever."""

from __future__ import annotations

import os

from enve_fire.core import package as packages
from enve_fire.core.trouble import USAGE, Trouble
from enve_fire.pack import compress, session
from enve_fire.pack.staged import FOLDER_SOURCE, Order
from enve_pm.core.lean import namedtuple
from enve_pm.shell.state.handle import sync_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_fire.core.package import Package
    from enve_fire.core.product import Product
    from enve_fire.stage.laid import Artifact

EPOCH = 315532800  # 1980: of a folder that somebody works in, whose times say nothing

Packed = namedtuple("Packed", "path sha256 way")  # `sha256`: of the tar archive within


def makepkg(
    product: Product, artifact: Artifact, package: Package, out: str, way: str = session.AUTO
) -> Packed:
    """`out`: a file, or a folder that it is put into. Raises
    Trouble, OSError."""
    target = _target(out, package)
    end = next((end for end in packages.ENDS if target.endswith(end)), "")
    if not end:
        told = "%s: wanted a name that ends in one of %s"
        raise Trouble(USAGE, told % (out, " ".join(packages.ENDS)))
    order = Order(product, artifact, package.data().decode(), package.epoch, False)
    try:
        with _File(target) as file:
            sink = _Hashed(compress.into(file, end))
            taken = session.pack(order, way, sink)
            sink.close()
    except OSError as error:
        error.filename = error.filename or target  # a write says nothing of its file
        raise
    return Packed(target, sink.sha256.hexdigest(), taken)


def epoch(source: str, known: int) -> int:
    """What no time in the package is later than. `known`: when the source was made."""
    return EPOCH if source.startswith(FOLDER_SOURCE) or not known else known


def _target(out: str, package: Package) -> str:
    if out and not out.endswith("/") and not os.path.isdir(out):
        return os.path.abspath(out)
    return os.path.join(os.path.abspath(out or "."), package.name + packages.GZIP)


class _Hashed:
    def __init__(self, out: Any) -> None:
        from hashlib import sha256

        self.sha256 = sha256()
        self._out = out

    def write(self, data: bytes) -> int:
        self.sha256.update(data)
        return int(self._out.write(data))

    def close(self) -> None:
        self._out.close()


class _File:
    """Has its name when it is whole; else it is gone."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._part = "%s.part-%s" % (path, os.urandom(6).hex())
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._file = os.fdopen(os.open(self._part, flags, 0o666), "wb")

    def __enter__(self) -> Any:
        return self._file

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._file.flush()
                os.fsync(self._file.fileno())
                os.rename(self._part, self._path)
                sync_folder(os.path.dirname(self._path))
        finally:
            try:
                self._file.close()  # it may have something to write
            finally:
                if os.path.lexists(self._part):
                    os.unlink(self._part)
