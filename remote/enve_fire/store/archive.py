"""An entry as one file: `meta.json`, and its tree below `out`; one entry gives the same bytes."""

from __future__ import annotations

import os
import stat

from enve_fire.core.trouble import REFUSED, USAGE, Trouble
from enve_fire.store import draft
from enve_pm.core.canonical import dumps, loads
from enve_pm.core.refusal import FormatError
from enve_pm.shell.product.unpack import CAPS, Unfit, Unpacking, whole
from enve_pm.shell.state.folder import Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tarfile import TarFile, TarInfo
    from typing import Any, BinaryIO, Mapping

    from enve_fire.store.entry import Entry

ENDS, SIG = (".tar.gz", ".tar.xz"), ".sig"  # of HASH-TITLE: what it may be packed by; who signed
META = "meta.json"
FACTS = ("text", "title", "made", "expires", "deps", "note")  # of an entry's meta, that travel
_LARGEST = 16 << 20  # bytes of meta.json


def pack(entry: Entry, target: Any) -> None:
    """gzip, without time and name; `target`: it is written to alone. Raises Trouble, OSError."""
    import gzip
    import io
    import tarfile

    meta = entry.meta()
    why = "is private" if entry.private else "may change" if meta.get("mutable", True) else ""
    if why:
        raise Trouble(USAGE, "%s %s: it is not for others" % (entry.name, why))
    facts = dumps({key: meta[key] for key in FACTS})
    with gzip.GzipFile("", "wb", fileobj=target, mtime=0) as pressed:  # noqa: SIM117  (Python 3.8)
        with tarfile.open(fileobj=pressed, mode="w|", format=tarfile.PAX_FORMAT) as tar:
            head = tarfile.TarInfo(META)
            head.size = len(facts)
            tar.addfile(head, io.BytesIO(facts))
            _add(tar, entry.path, draft.OUT, os.lstat(entry.path).st_uid)


def _add(tar: TarFile, path: str, name: str, owner: int) -> None:
    """Owners and the times of folders say nothing elsewhere; those of files are whole seconds."""
    member = tar.gettarinfo(path, name)
    if member.uid != owner:
        raise Trouble(USAGE, "%s is another user's than its entry, which does not travel" % path)
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0 if member.isdir() else int(member.mtime)
    if member.isreg():
        with open(path, "rb") as file:
            tar.addfile(member, file)
        return
    if not (member.isdir() or member.issym() or member.islnk()):
        raise Trouble(USAGE, "%s: neither file, folder nor link" % path)
    tar.addfile(member)
    if member.isdir():
        for inner in sorted(os.listdir(path), key=os.fsencode):
            _add(tar, path + "/" + inner, name + "/" + inner, owner)


class _Signed(Unpacking):
    """Somebody whose word counts has signed it: links may lead anywhere, setuid bits stay."""

    def _fit(self, member: TarInfo) -> None:
        pass

    def _own(self, member: TarInfo, handle: int) -> None:
        os.fchmod(handle, stat.S_IMODE(member.mode))

    def _symbolic(self, steps: tuple[str, ...], member: TarInfo, inner: Folder) -> None:
        os.symlink(member.linkname, steps[-1], dir_fd=inner.fd)


def unpack(source: BinaryIO, folder: str) -> Mapping[str, Any]:
    """Into an empty folder, which has `out` then; its facts. Raises Trouble (REFUSED), OSError."""
    try:
        with Folder.open(folder) as target:
            whole(source, lambda archive: _Signed(archive, target, CAPS))
            handle = target.read(META)
        with os.fdopen(handle, "rb") as file:
            facts = loads(file.read(_LARGEST))
    except (Unfit, FormatError, FileNotFoundError) as error:
        raise Trouble(REFUSED, "not an entry of a store: %s" % error) from None
    if not isinstance(facts, dict) or set(facts) != set(FACTS):
        raise Trouble(REFUSED, "not an entry of a store: %s says other things" % META)
    return facts
