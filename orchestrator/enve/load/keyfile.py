"""Reads one exported OpenPGP public key, armored or binary, through gpg in an empty home."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from enve.core import keypackets
from enve.errors import InputError, MissingError, Where
from enve_pm.core.refusal import FormatError
from enve_pm.wire import openpgp

BYTES = 256 << 10
_DEADLINE = 20.0
_FINGERPRINT = re.compile(r"[0-9A-F]{40}")


class PublicKey(NamedTuple):
    """`fingerprint`: 40 hex digits of the primary key. `ring`: a binary ring with this key."""

    fingerprint: str
    ring: bytes


ReadKey = Callable[[Path], PublicKey]


def read_key(path: Path) -> PublicKey:
    """The one public key in the file. Raises InputError, or MissingError without gpg."""
    try:
        ring = keypackets.binary(_bytes(path))
    except FormatError as error:
        raise _none(path, str(error)) from None
    records = _gpg(path, ["--with-colons", "--show-keys"], ring).decode("utf-8", "replace")
    rows = [line.split(":") for line in records.splitlines()]
    if any(row[0] in ("sec", "ssb") for row in rows):
        hint = "gpg --export --armor NAME > FILE, and keep the secret half to yourself"
        raise _bad(path, "this is a secret key", hint)
    count = sum(row[0] == "pub" for row in rows)
    if count != 1:
        raise _bad(
            path, f"wanted one OpenPGP public key, found {count}", "gpg --export NAME > FILE"
        )
    fingerprint = next((row[9] for row in rows if row[0] == "fpr" and len(row) > 9), "")
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise _bad(path, "a key without a fingerprint of 40 digits", "use a version 4 key")
    _as_nodes_do(path, ring)
    return PublicKey(fingerprint, ring)


def _as_nodes_do(path: Path, ring: bytes) -> None:
    """What a node could not read it would leave out, and refuse the key's plans."""
    try:
        openpgp.ring(ring)
    except FormatError as error:
        hint = "export it alone, with --export-options export-minimal"
        raise _bad(path, f"nodes would not take this key: {error}", hint) from None


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(BYTES + 1)
    except OSError as error:
        raise _bad(path, f"cannot read {path}: {error.strerror or error}", "") from None
    if len(data) > BYTES:
        raise _bad(path, f"larger than {BYTES >> 10} KiB", "export it with export-minimal")
    return data


def _gpg(path: Path, arguments: list[str], data: bytes) -> bytes:
    with tempfile.TemporaryDirectory(prefix="enve-key-") as home:
        command = ["gpg", "--batch", "--no-autostart", "--quiet", "--homedir", home, *arguments]
        try:
            done = subprocess.run(
                command, input=data, capture_output=True, timeout=_DEADLINE, check=False
            )
        except FileNotFoundError:
            raise MissingError("gpg is not installed here", hint="apt-get install gnupg") from None
        except subprocess.TimeoutExpired:
            raise _bad(path, "gpg did not finish with this file", "is it a key?") from None
    if done.returncode != 0:
        raise _none(path, "gpg can't read it")
    return done.stdout


def _none(path: Path, why: str) -> InputError:
    return _bad(path, f"not an OpenPGP public key: {why}", "gpg --export --armor NAME > FILE")


def _bad(path: Path, message: str, hint: str) -> InputError:
    return InputError(message, where=Where(str(path)), hint=hint)
