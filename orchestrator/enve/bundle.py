"""The node program as one zip, the same bytes wherever it is made: its hash is its version."""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

PACKAGES = ("enve_pm", "enve_fire")  # pm, and the stages that it starts as children
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
KEPT = (".py", ".sh", ".json", ".typed")
LEFT_OUT = ("__pycache__", "test", "tests")


@dataclass(frozen=True, slots=True)
class Bundle:
    """The zip and its name: the first 16 hex digits of its sha256.

    Its files are stored, not compressed: what zlib makes differs from one machine to the next, and
    a hash that differs would make two operators replace each other's pm for ever.
    """

    data: bytes
    hash: str

    def compressed(self) -> bytes:
        """As it travels; worked out once for the whole fleet."""
        return _compressed(self.data)


@cache
def _compressed(data: bytes) -> bytes:
    return zlib.compress(data, 9)


@cache
def program() -> Bundle:
    """The pm of this enve, from its source tree or from the installed package."""
    return pack({name: resources.files(name) for name in PACKAGES})


def pack(packages: Mapping[str, Traversable]) -> Bundle:
    """Sorted names, fixed times and modes, nothing that only this machine has."""
    body = io.BytesIO()
    found = [row for name, package in packages.items() for row in _files(package, name)]
    with zipfile.ZipFile(body, "w") as archive:
        for name, file in sorted(found, key=lambda row: row[0]):
            row = zipfile.ZipInfo(name, EPOCH)
            row.create_system = 3  # unix, also when made elsewhere
            row.external_attr = 0o100644 << 16
            archive.writestr(row, file.read_bytes())
    data = body.getvalue()
    return Bundle(data, hashlib.sha256(data).hexdigest()[:16])


def _files(folder: Traversable, name: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.name.startswith(".") or entry.name in LEFT_OUT:
            continue
        path = f"{name}/{entry.name}"
        if entry.is_dir():
            yield from _files(entry, path)
        elif entry.name.endswith(KEPT):
            yield path, entry
