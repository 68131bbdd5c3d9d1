"""Reads files of `enve.app.signedfile`: bounded, in their one order, checked against the root."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from enve.app import blobs
from enve.app.signedfile import LIMITS, MAGIC, ORDER, Content
from enve.core import parts
from enve.core.printable import printable
from enve.core.streams import SMALL, named
from enve.errors import InputError, MissingError, Where
from enve.model.march import SignedHead, SignedPlan
from enve.model.plan import Blob
from enve_pm.core import part as part_module
from enve_pm.core.refusal import FormatError
from enve_pm.wire import head as heads
from enve_pm.wire import stream as streams


def read_head(path: Path) -> SignedHead:
    """The head and its signatures alone; whose they are is not checked here."""
    with _opened(path) as file:
        raw, signatures = b"", []
        for name, size in _titles(file, path):
            if name not in (b"head", b"sig"):
                break
            data = _take(file, size, path)
            if name == b"head":
                raw = data
            else:
                signatures.append(data)
        return _head(raw, tuple(signatures), path)


def read(path: Path, folder: Path | None = None) -> Content:
    """The whole file; large blobs are put into `folder` (None: blobs are passed over)."""
    try:
        return _read(path, folder)
    except OSError as error:
        raise MissingError(f"cannot unpack {path}: {error.strerror or error}") from None


def _read(path: Path, folder: Path | None) -> Content:
    found: dict[bytes, list[bytes]] = {name: [] for name in ORDER}
    files: dict[str, Blob] = {}
    with _opened(path) as file:
        for name, size in _titles(file, path):
            if name != b"blob":
                found[name].append(_take(file, size, path))
            elif folder is None:
                file.seek(size + 1, os.SEEK_CUR)
            else:
                blob = _blob(file, size, path, folder)
                files[blob.sha256] = blob
    return Content(_plan(found, path), files, _names(found[b"names"]))


def check_whole(content: Content, path: Path) -> None:
    """Raises InputError when a file that its lines name is not in there as it was signed."""
    lines = [text for part in content.plan.parts.values() for text in part.lines.values()]
    lacking = set().union(*map(named, lines)) - content.blobs.keys()
    if lacking:
        raise _bad(path, f"{len(lacking)} of the files that its plan names are not in it")


def _opened(path: Path) -> BinaryIO:
    try:
        file = path.open("rb")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=Where(str(path))) from None
    if file.read(len(MAGIC)) != MAGIC:
        file.close()
        raise _bad(path, "wanted it to begin with 'enve-plan 1'")
    return file


def _titles(file: BinaryIO, path: Path) -> Iterator[tuple[bytes, int]]:
    """Name and size of each section, in the only order there is; its body is read by the caller."""
    at = 0
    while title := file.readline(64):
        name, _, size = title.removesuffix(b"\n").partition(b" ")
        if name not in LIMITS or not size.isdigit() or not title.endswith(b"\n"):
            raise _bad(path, f"wanted a section's title, found {printable(repr(title), 80)}")
        if ORDER.index(name) < at or int(size) > LIMITS[name]:
            raise _bad(path, f"the section {name.decode()} is too large, or in the wrong place")
        at = ORDER.index(name)
        yield name, int(size)


def _take(file: BinaryIO, size: int, path: Path) -> bytes:
    data = file.read(size + 1)
    if len(data) != size + 1 or not data.endswith(b"\n"):
        raise _bad(path, "it is cut short")
    return data[:-1]


def _blob(file: BinaryIO, size: int, path: Path, folder: Path) -> Blob:
    if size <= SMALL:
        data = _take(file, size, path)
        return Blob(hashlib.sha256(data).hexdigest(), size, data)
    digest, left = hashlib.sha256(), size
    target = folder / f"blob{file.tell()}"
    with target.open("xb") as out:
        while left and (data := file.read(min(left, blobs.CHUNK))):
            digest.update(data)
            out.write(data)
            left -= len(data)
    if left or file.read(1) != b"\n":
        raise _bad(path, "it is cut short")
    return Blob(digest.hexdigest(), size, path=target)


def _plan(found: Mapping[bytes, list[bytes]], path: Path) -> SignedPlan:
    signed = _head(b"".join(found[b"head"]), tuple(found[b"sig"]), path)
    try:
        each = [part_module.parse(data) for data in found[b"part"]]
        by_node = {part.header["node"]: part for part in each}
        if not each or not found[b"end"]:
            raise _bad(path, "it is cut short")
        return parts.signed(signed.raw, signed.signatures, by_node, ("", ""))
    except ValueError as error:
        raise _bad(path, str(error)) from None


def _head(raw: bytes, signatures: tuple[bytes, ...], path: Path) -> SignedHead:
    try:
        found = heads.parse(raw)
    except FormatError as error:
        raise _bad(path, str(error)) from None
    if not signatures or len(signatures) > streams.SIGNATURES:
        raise _bad(path, f"wanted 1 to {streams.SIGNATURES} signatures")
    return SignedHead(raw, heads.name(raw), found, signatures)


def _names(found: list[bytes]) -> dict[str, str]:
    try:
        value = json.loads(b"".join(found) or b"{}")
    except (ValueError, RecursionError):
        return {}
    pairs = value.items() if isinstance(value, dict) else ()
    return {digest: printable(name, 200) for digest, name in pairs if isinstance(name, str)}


def _bad(path: Path, why: str) -> InputError:
    return InputError(
        f"not a signed plan: {why}",
        where=Where(str(path)),
        hint="`enve-march --out FILE` writes one",
    )
