"""Is this a good signature by that key? gpgv's status lines answer, never its exit status alone.

gpgv exits with 0 for a revoked key, an expired key, SHA-1 and a doubled signature, so the status
lines are judged word by word. It judges the mathematics only; validity in time is policy.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from enve.errors import MissingError
from enve_pm.core.refusal import Refused
from enve_pm.wire import openpgp

SECONDS = 30
STATUS_LIMIT = 65_536
GOOD_HASHES = frozenset({"8", "9", "10"})  # SHA-256, SHA-384, SHA-512
FATAL = frozenset(
    {"BADSIG", "ERRSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG", "KEYEXPIRED", "KEYREVOKED"}
    | {"NO_PUBKEY", "NODATA", "ERROR", "FAILURE"}
)


class BadSignature(Exception):
    """Why a signature does not count, in a few words."""


def check(data: bytes, signature: bytes, ring: bytes, *, past: bool = False) -> str:
    """The primary fingerprint that made `signature` over `data`, from the keys in a binary `ring`.

    `past`: it was accepted some time ago, so that a key which has expired since is no flaw.
    Raises BadSignature. Blocks for some milliseconds.
    """
    _shape(signature)
    with tempfile.TemporaryDirectory(prefix="enve-v") as folder:
        base = Path(folder)
        (base / "sig").write_bytes(signature)
        (base / "ring").write_bytes(ring)
        (base / "empty").mkdir()
        code, status = _run(base, data)
    fingerprint = judge(status.decode("utf-8", "replace").splitlines(), past=past)
    if code != 0:
        raise BadSignature(f"gpgv ended with {code}")
    return fingerprint


def _shape(signature: bytes) -> None:
    """The one shape that nodes take, by their own rule."""
    try:
        openpgp.check(signature)
    except Refused as refused:
        raise BadSignature(refused.reason) from None


def _run(base: Path, data: bytes) -> tuple[int, bytes]:
    command = ["gpgv", "--ignore-time-conflict", "--homedir", str(base / "empty")]
    command += ["--weak-digest", "SHA1", "--weak-digest", "RIPEMD160"]
    command += ["--keyring", str(base / "ring")]
    status = base / "status"
    descriptor = os.open(status, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        done = subprocess.run(
            [*command, "--status-fd", str(descriptor), "--", str(base / "sig"), "-"],
            input=data,
            capture_output=True,
            pass_fds=(descriptor,),
            timeout=SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise MissingError("gpgv is not installed", hint="apt-get install gpgv") from None
    except subprocess.TimeoutExpired:
        raise BadSignature(f"gpgv did not answer in {SECONDS} s") from None
    finally:
        os.close(descriptor)
    with status.open("rb") as file:
        return done.returncode, file.read(STATUS_LIMIT)


def judge(lines: Iterable[str], *, past: bool = False) -> str:
    """The primary fingerprint out of gpgv's status lines; anything but one clean one raises."""
    words = [line.split() for line in lines]
    rows = [row[1:] for row in words if len(row) > 1 and row[0] == "[GNUPG:]"]
    found = [row[0] for row in rows]
    if past and "EXPKEYSIG" in found:
        found = ["GOODSIG" if word == "EXPKEYSIG" else word for word in found]
        found = [word for word in found if word != "KEYEXPIRED"]
    for word in found:
        if word in FATAL:
            raise BadSignature(word)
    for word in ("NEWSIG", "GOODSIG", "VALIDSIG"):
        if found.count(word) != 1:
            raise BadSignature(f"{found.count(word)} {word} lines, wanted one")
    return _valid(next(row for row in rows if row[0] == "VALIDSIG"))


def _valid(row: list[str]) -> str:
    # VALIDSIG fpr date stamp expire version reserved pubkey-algo hash-algo class primary-fpr
    if len(row) != 11:
        raise BadSignature(f"VALIDSIG has {len(row) - 1} fields, wanted 10")
    if row[8] not in GOOD_HASHES:
        raise BadSignature(f"hash algorithm {row[8]}, wanted SHA-256, SHA-384 or SHA-512")
    if row[9] != "00":
        raise BadSignature(f"signature class {row[9]}, wanted 00")
    return row[10]
