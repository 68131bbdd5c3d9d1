"""Whose word counts for what comes from elsewhere: a detached OpenPGP signature by a key of a ring
(a file as gpg exports keys, armored or not). Of a package over its file; of an entry over one line,

    enve-store 1 SHA256-OF-THE-ARCHIVE HASH-TITLE
"""

from __future__ import annotations

import binascii
import os
import subprocess

from enve_fire.core.trouble import MISSING, REFUSED, USAGE, Trouble
from enve_fire.store import draft
from enve_fire.tree import trusted
from enve_pm.core.refusal import Refused
from enve_pm.wire import gpgv, openpgp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

RING = "ENVE_KEYRING"
LONGEST_RING = 1 << 20  # bytes
DEADLINE = 20  # seconds; a check takes milliseconds, and more the more was signed:
SLOWEST = 8 << 20  # bytes a second
_ARMOR = b"-----BEGIN PGP PUBLIC KEY BLOCK-----"


def statement(sha256: str, name: str) -> bytes:
    return ("enve-store 1 %s %s\n" % (sha256, name)).encode()


def sign(key: str, what: bytes | BinaryIO) -> bytes:
    """By gpg, whose agent asks for what it needs. Raises Trouble."""
    words = ["gpg", "--batch", "--local-user", key, "--digest-algo", "SHA256", "--detach-sign"]
    given: Any = {"input": what} if isinstance(what, bytes) else {"stdin": what}
    try:
        done = subprocess.run(words, capture_output=True, check=False, **given)
    except FileNotFoundError:
        raise Trouble(MISSING, "gpg is missing here, which signs") from None
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise Trouble(MISSING, "gpg signs nothing with %r: %s" % (key, last), "gpg -K lists keys")
    return bytes(done.stdout)


def check(ring: bytes, signature: bytes, path: str, folder: str) -> str:
    """The fingerprint of the key that signed the file at `path`, which nobody else can change;
    `folder`: an empty one, likewise. Raises Trouble (REFUSED)."""
    for name, content in (("ring", ring), ("sig", signature)):
        draft.write(folder + "/" + name, content, 0o600)
    os.mkdir(folder + "/empty", 0o700)
    try:
        openpgp.check(signature)
        code, status = _gpgv(path, folder)
        primary = (
            status.decode("latin-1").partition(" VALIDSIG ")[2].partition("\n")[0].split(" ")[-1]
        )
        gpgv.check(code, status, primary)
    except Refused as refused:
        hint = "it was changed, or signed by somebody whose word does not count"
        raise Trouble(REFUSED, refused.reason, hint) from None
    return primary


def _gpgv(path: str, folder: str) -> tuple[int, bytes]:
    words = ["gpgv", "--homedir", folder + "/empty", "--ignore-time-conflict", "--status-fd", "1"]
    words += ["--weak-digest", "SHA1", "--weak-digest", "RIPEMD160", "--keyring", folder + "/ring"]
    words += ["--", folder + "/sig", path]
    most = DEADLINE + os.stat(path).st_size // SLOWEST
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=most, check=False
        )
    except FileNotFoundError:
        raise Trouble(MISSING, "gpgv is missing here, which checks signatures") from None
    except subprocess.TimeoutExpired:
        raise Trouble(REFUSED, "gpgv takes longer than %d s" % most) from None
    return done.returncode, done.stdout


def ring(path: str, me: int, named: str = RING) -> bytes:
    """A ring as gpgv reads it. Nobody but root and us may have written it. `named`: what names it,
    for errors. Raises Trouble."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Trouble(USAGE, "%s: %s: %s" % (named, path, error.strerror)) from None
    with os.fdopen(handle, "rb") as file:
        state = os.fstat(handle)
        data = file.read(LONGEST_RING + 1)
    if not trusted.is_safe(state, me):
        raise Trouble(REFUSED, "%s: %s: others may write to it" % (named, path))
    if len(data) > LONGEST_RING:
        raise Trouble(USAGE, "%s: %s is larger than %d bytes" % (named, path, LONGEST_RING))
    return _bare(data, named) if data.lstrip().startswith(_ARMOR) else data


def _bare(data: bytes, named: str) -> bytes:
    """Without armor: of each block what stands between an empty line and the checksum."""
    out = b""
    for block in data.split(_ARMOR)[1:]:
        lines = [line.strip() for line in block.split(b"-----END")[0].splitlines()]
        body = lines[lines.index(b"", 1) + 1 :] if b"" in lines[1:] else []
        try:
            out += binascii.a2b_base64(b"".join(line for line in body if line[:1] != b"="))
        except binascii.Error:
            raise Trouble(USAGE, "%s: a block of keys that is damaged" % named) from None
    return out
