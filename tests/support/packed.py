"""Archives for tests: what is in them as a table, packed in every way."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import Any

PACKERS = {
    "tar": lambda data: data,
    "tar.gz": lambda data: gzip.compress(data, mtime=0),
    "tar.bz2": bz2.compress,
    "tar.xz": lzma.compress,
    "tar.zst": lambda data: (
        subprocess.run(["zstd", "-qc"], input=data, stdout=subprocess.PIPE, check=True).stdout
    ),
}


def member(name: str, **facts: Any) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    for key, value in facts.items():
        setattr(found, key, value)
    return found


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    return member(name, type=kind, linkname=target)


def hard(name: str, target: str) -> tarfile.TarInfo:
    return link(name, target, tarfile.LNKTYPE)


def folder(name: str, mode: int = 0o755) -> tarfile.TarInfo:
    return member(name, type=tarfile.DIRTYPE, mode=mode)


def tar(*rows: Any, **settings: Any) -> bytes:
    """Rows: (name, content[, facts]) or TarInfo."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", **settings) as archive:
        for row in rows:
            if isinstance(row, tarfile.TarInfo):
                archive.addfile(row)
                continue
            name, content, *facts = row
            found = member(name, size=len(content), mtime=1_000_000_000)
            for key, value in (facts[0] if facts else {}).items():
                setattr(found, key, value)
            archive.addfile(found, io.BytesIO(content))
    return out.getvalue()


def zipped(*rows: Any, **settings: Any) -> bytes:
    """Rows: (name, content[, unix mode with type])."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **settings) as archive:
        for name, content, *mode in rows:
            info = zipfile.ZipInfo(name, (2001, 9, 9, 1, 46, 40))
            info.create_system = 3
            info.external_attr = (mode[0] if mode else 0o100644) << 16
            info.compress_type = settings.get("compression", zipfile.ZIP_DEFLATED)
            archive.writestr(info, content)
    return out.getvalue()


def tree(path: Path) -> dict[str, Any]:
    """{path: content, "->target" or (for a folder) None}"""
    found: dict[str, Any] = {}
    for one in sorted(path.rglob("*")):
        name = str(one.relative_to(path))
        if one.is_symlink():
            found[name] = "->" + os.readlink(one)  # noqa: PTH115  (as it is written)
        else:
            found[name] = one.read_bytes() if one.is_file() else None
    return found
