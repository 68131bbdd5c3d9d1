"""`makepkg`: an artifact as one file, the same to the byte whoever makes it, and wherever."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager

from enve_fire.core import package as packages
from enve_fire.core.source import worked_in
from enve_fire.core.trouble import FULL, MISSING, USAGE, Trouble
from enve_fire.pack import compress, session, signed
from enve_fire.pack.staged import Order
from enve_fire.store import signature
from enve_fire.store.outgoing import Hashed, Outgoing
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO, Callable, Iterator

    from enve_fire.core.package import Package
    from enve_fire.core.product import Product
    from enve_fire.stage.install.laid import Artifact

EPOCH = 315532800  # 1980: of a folder that somebody works in, whose times say nothing

# `sha256`: of the tar archive within · `signature`: its path, "" for none
Packed = namedtuple("Packed", "path sha256 way signature")


def makepkg(  # noqa: PLR0913, PLR0917
    product: Product,
    artifact: Artifact,
    package: Package,
    out: str,
    way: str = session.AUTO,
    key: str = "",
) -> Packed:
    """`out`: a file, or a folder that it is put into; `key`: that signs it, "": none. Raises
    Trouble, OSError."""
    target = _target(out, package)
    end = end_of(target)
    order = Order(product, artifact, package.data().decode(), package.epoch, False)
    folder, name = os.path.split(target)
    try:
        with ExitStack() as stack:
            outgoing = stack.enter_context(Outgoing.at(folder, signed=bool(key)))
            sign = stack.enter_context(_beside(outgoing, name, key))
            file = stack.enter_context(outgoing.file(name))
            sink = Hashed(compress.into(file, end))
            taken = session.pack(order, way, sink)
            sink.close()
            sign(file)
    except OSError as error:
        raise _unwritten(error, target, folder) from None
    return Packed(target, sink.sum(), taken, target + signed.END if key else "")


def end_of(path: str) -> str:
    """One of core.package.ENDS. Raises Trouble."""
    for end in packages.ENDS:
        if path.endswith(end):
            return end
    told = "%s: wanted a name that ends in one of %s, or a folder that is there"
    raise Trouble(USAGE, told % (path, " ".join(packages.ENDS)))


@contextmanager
def _beside(outgoing: Outgoing, name: str, key: str) -> Iterator[Callable[[BinaryIO], None]]:
    """What signs an open file: it is what was written, whatever has its name by then."""
    if not key:
        yield lambda _file: None
        return
    with outgoing.file(name + signed.END) as beside:

        def sign(file: BinaryIO) -> None:
            file.flush()
            file.seek(0)
            beside.write(signature.sign(key, file))

        yield sign


def _unwritten(error: OSError, target: str, folder: str) -> Exception:
    """By the name that was wanted, where it is about the file that is written or its folder."""
    about = error.filename or ""  # of a write: nothing
    if about != folder and os.path.isabs(about):
        return error
    if error.errno in FULL:
        error.filename = target
        return error
    return Trouble(MISSING, "%s: %s" % (target, error.strerror), _HINT)


_HINT = "-o names a file, or a folder that is there, where you may write"


def epoch(source: str, known: int) -> int:
    """What no time in the package is later than. `known`: when the source was made."""
    return EPOCH if worked_in(source) or not known else known


def names_a_file(out: str) -> bool:
    """And not the folder that it comes into, which it is too where nothing is said."""
    return bool(out) and not out.endswith("/") and not os.path.isdir(out)


def _target(out: str, package: Package) -> str:
    if names_a_file(out):
        return os.path.abspath(out)
    return os.path.join(os.path.abspath(out or "."), package.name + packages.GZIP)
