"""Host keys that we trust: read once, indexed, looked up per host; our own file of new ones.

asyncssh reads known_hosts again for every connection (92 ms at 10,000 lines). Here the lines are
split once and a key is decoded when its host is met.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hmac
import os
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import asyncssh

from enve import private
from enve.errors import MissingError

MAX_FILE = 64 << 20  # bytes
SSH_PORT = 22


class Entry(NamedTuple):
    """One line: its marker ("", cert-authority, revoked), and `type base64`."""

    marker: str
    key: str


class Known(NamedTuple):
    """What is known about one host, as asyncssh takes it: trusted keys, authorities, revoked."""

    keys: list[asyncssh.SSHKey]
    authorities: list[asyncssh.SSHKey]
    revoked: list[asyncssh.SSHKey]


class KnownHosts:
    """All known_hosts files together."""

    def __init__(self) -> None:
        self._exact: dict[str, list[Entry]] = {}
        self._patterns: list[tuple[list[str], Entry]] = []
        self._hashed: list[tuple[bytes, bytes, Entry]] = []

    @classmethod
    def read(cls, files: Iterable[Path]) -> KnownHosts:
        """From these files; those that do not exist hold nothing."""
        known = cls()
        for file in files:
            try:
                with file.open("rb") as stream:
                    known.add(stream.read(MAX_FILE).decode("utf-8", "replace"))
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                raise MissingError(f"{file} can't be read: {error.strerror}") from None
        return known

    def add(self, text: str) -> None:
        """Take over known_hosts lines; what can't be read is left out, as ssh does."""
        for line in text.splitlines():
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            marker = words.pop(0)[1:] if words[0].startswith("@") else ""
            if len(words) >= 3 and marker in ("", "cert-authority", "revoked"):
                self._add(words[0], Entry(marker, f"{words[1]} {words[2]}"))

    def _add(self, names: str, entry: Entry) -> None:
        if names.startswith("|1|"):
            hashed = _hashed(names)
            if hashed is not None:
                self._hashed.append((*hashed, entry))
        elif any(sign in names for sign in "*?!"):
            self._patterns.append((names.lower().split(","), entry))
        else:
            for name in names.lower().split(","):
                self._exact.setdefault(name, []).append(entry)

    def lookup(self, host: str, port: int) -> Known:
        """What is known about `host` (a name, an address, or its HostKeyAlias) at `port`.

        A host that is not known at its port is looked up by its name alone, as ssh does.
        """
        known = self._lookup(host_name(host, port))
        if port != SSH_PORT and not known.keys and not known.authorities:
            bare = self._lookup(host.lower())
            return Known(bare.keys, bare.authorities, known.revoked + bare.revoked)
        return known

    def _lookup(self, name: str) -> Known:
        found = list(self._exact.get(name, ()))
        found += [entry for patterns, entry in self._patterns if _matches(name, patterns)]
        found += [
            entry
            for salt, digest, entry in self._hashed
            if hmac.compare_digest(hmac.digest(salt, name.encode(), "sha1"), digest)
        ]
        return Known(_keys(found, ""), _keys(found, "cert-authority"), _keys(found, "revoked"))


def host_name(host: str, port: int) -> str:
    """How known_hosts writes a host: `name`, or `[name]:port` at another port than 22."""
    host = host.lower()
    return host if port == SSH_PORT else f"[{host}]:{port}"


def _hashed(text: str) -> tuple[bytes, bytes] | None:
    parts = text.split("|")
    try:
        return base64.b64decode(parts[2], validate=True), base64.b64decode(parts[3], validate=True)
    except (IndexError, binascii.Error):
        return None


def _matches(name: str, patterns: list[str]) -> bool:
    refused = any(p.startswith("!") and _glob(name, p[1:]) for p in patterns)
    return not refused and any(_glob(name, p) for p in patterns if not p.startswith("!"))


def _glob(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern.replace("[", "[[]"))


def _keys(entries: list[Entry], marker: str) -> list[asyncssh.SSHKey]:
    keys: list[asyncssh.SSHKey] = []
    for entry in entries:
        if entry.marker == marker:
            key = read_key(entry.key)
            if key is not None and key not in keys:
                keys.append(key)
    return keys


def read_key(text: str) -> asyncssh.SSHKey | None:
    """A public key from `type base64`; None for what asyncssh does not know."""
    try:
        return asyncssh.import_public_key(text)
    except asyncssh.KeyImportError:
        return None


def key_text(key: asyncssh.SSHKey) -> str:
    """`type base64` of a key."""
    return " ".join(key.export_public_key().decode().split()[:2])


def fingerprint(key: asyncssh.SSHKey) -> str:
    """`ed25519 SHA256:...`, as ssh-keygen -l shows it."""
    return f"{key.get_algorithm().removeprefix('ssh-')} {key.get_fingerprint()}"


def remember(file: Path, host: str, port: int, key: asyncssh.SSHKey) -> asyncssh.SSHKey | None:
    """Append a key to our own file, unless the file knows the host by now: then that key is
    returned and nothing is written (several enve processes may run at once).

    One write of one line under an exclusive lock; a last line that a crash cut off is ended first.
    """
    line = f"{host_name(host, port)} {key_text(key)}\n".encode()
    with os.fdopen(_opened(file), "r+b", buffering=0) as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        text = stream.read(MAX_FILE) or b""
        known = KnownHosts()
        known.add(text.decode("utf-8", "replace"))
        kept = known.lookup(host, port).keys
        if not kept:
            stream.write(b"\n" + line if text and not text.endswith(b"\n") else line)
            os.fsync(stream.fileno())
    return kept[0] if kept else None


def _opened(file: Path) -> int:
    """Made for its owner only, like its folder."""
    try:
        private.make_folder(file.parent)
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise MissingError(f"{file} can't be written: {error.strerror}") from None
