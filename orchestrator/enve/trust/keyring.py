"""The user's OpenPGP key ring, through python-gnupg: agent, cards and GNUPGHOME work as in gpg.

No passphrase passes through this program: gpg's agent asks for it itself.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import gnupg

from enve.core import keypackets
from enve.errors import InputError, MissingError, UsageError, Where
from enve.model.trust import Key
from enve.trust.keyrecord import matching, record
from enve_pm.core.refusal import FormatError

MAX_KEY_FILE = 1 << 20
ASKS = "is the agent able to ask for the passphrase or PIN here? (GPG_TTY, pinentry)"
FINGERPRINT = re.compile(r"[0-9A-F]{40}")
# A user id that gpg's parameter file and every listing can carry: one line, no control signs.
NAME = re.compile(r"[^\x00-\x1f\x7f<>()]{1,100}")
EXPIRES = re.compile(r"0|[1-9][0-9]{0,5}[dwmy]?|[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Keyring:
    """One GNUPGHOME. `home` "" = GNUPGHOME, or gpg's own default."""

    def __init__(self, home: str = "") -> None:
        logging.getLogger("gnupg").addHandler(logging.NullHandler())
        self._gpg = _open(home)

    def all(self) -> list[Key]:
        """Every key, those that we can sign with first, then by name."""
        secret = {entry["fingerprint"]: entry for entry in self._gpg.list_keys(True)}
        found = [record(entry, secret) for entry in self._gpg.list_keys()]
        return sorted(found, key=lambda key: (not key.secret, key.name, key.fingerprint))

    def find(self, selector: str) -> Key:
        """The one key that `selector` (fingerprint, its end, or a part of a name) means."""
        found = matching(self.all(), selector)
        if not found:
            raise MissingError(
                f"no key matches '{selector}'",
                hint="`enve keys list` shows the keys; `enve keys import FILE` adds one",
            )
        if len(found) > 1:
            raise UsageError(
                f"'{selector}' means {len(found)} keys",
                notes=tuple(f"{key.fingerprint}  {key.name}" for key in found),
                hint="name one by its fingerprint",
            )
        return found[0]

    def make(self, name: str, *, expires: str = "0", protect: bool = True) -> Key:
        """A new ed25519 key that only signs. `protect`: the agent asks for a passphrase."""
        if not NAME.fullmatch(name) or name != name.strip():
            raise UsageError(
                f"'{name}' cannot be the name of a key", hint="letters and blanks will do"
            )
        if not EXPIRES.fullmatch(expires):
            raise UsageError(
                f"'{expires}' is no expiry",
                hint="wanted a date (2027-06-01), a span (90d 6m 2y), or 0",
            )
        if any(name in key.names for key in self.all()):
            raise InputError(
                f"there is a key named '{name}' already", hint=f"`enve keys show '{name}'` shows it"
            )
        made = self._gpg.gen_key(parameters(name, expires, protect))
        if not made.fingerprint:
            hint = f"{ASKS}; --no-passphrase makes a key without"
            raise _failed("make a key", made.stderr, hint)
        return self.find(str(made.fingerprint))

    def bring(self, data: bytes, file: str = "") -> list[Key]:
        """Import public (or secret) keys; gives back those that the data held. `file`: where it is
        from, for errors."""
        where = Where(file) if file else None
        if len(data) > MAX_KEY_FILE:
            told = f"a key file has at most {MAX_KEY_FILE} bytes, this one has more"
            raise InputError(told, where=where)
        hint = "wanted the output of `gpg --export`"
        try:
            done = self._gpg.import_keys(keypackets.binary(data))
        except FormatError as error:
            raise InputError(f"no OpenPGP key in it: {error}", where=where, hint=hint) from None
        fingerprints = {str(entry) for entry in done.fingerprints if entry}
        if not fingerprints:
            raise InputError("no OpenPGP key in it", where=where, hint=hint)
        return [key for key in self.all() if key.fingerprint in fingerprints]

    def export(self, key: Key, *, armor: bool = False) -> bytes:
        """The public half alone, without other people's certifications."""
        given: Any = self._gpg.export_keys(key.fingerprint, armor=armor, minimal=True)
        data = given.encode() if isinstance(given, str) else bytes(given)
        if not data:
            raise MissingError(f"gpg gave nothing for the key {key.fingerprint}")
        return data

    def sign(self, key: Key, data: bytes) -> bytes:
        """A detached binary signature; the agent or the card may ask a person."""
        # `--local-user`, not python-gnupg's `keyid`: that is --default-key, and gpg silently takes
        # another key when the default one cannot be used.
        options = ["--no-armor", "--no-textmode", "--digest-algo", "SHA512"]
        done = self._gpg.sign(
            data, detach=True, binary=True, extra_args=[*options, "--local-user", key.fingerprint]
        )
        if done.returncode != 0 or not done.data:
            hint = f"is the card in its reader? {ASKS}" if key.card else ASKS
            raise _failed(f"sign with {key.name} {key.short}", done.stderr, hint)
        return bytes(done.data)


def _open(home: str) -> Any:
    environment = dict(os.environ)
    if "GPG_TTY" not in environment and sys.stdin is not None:
        with suppress(OSError, ValueError):  # no terminal, or one that has no name in a container
            environment["GPG_TTY"] = os.ttyname(sys.stdin.fileno())  # where the agent may ask
    ring = environment.get("GNUPGHOME", "")
    if not home and ring and not Path(ring).is_dir():
        hint = f"mkdir -m 700 {ring}, or unset it: gpg then uses ~/.gnupg"
        raise MissingError(f"GNUPGHOME names {ring}, which is no folder", hint=hint)
    try:
        gpg = gnupg.GPG(gnupghome=home or None, env=environment)
    except (OSError, ValueError) as error:
        raise MissingError(f"gpg does not work: {error}", hint="apt-get install gnupg") from None
    gpg.encoding = "utf-8"
    return gpg


def parameters(name: str, expires: str, protect: bool) -> str:
    """gpg's parameter file for an ed25519 key that only signs."""
    lines = ["Key-Type: eddsa", "Key-Curve: ed25519", "Key-Usage: sign"]
    lines += [f"Name-Real: {name}", f"Expire-Date: {expires}"]
    if not protect:
        lines.append("%no-protection")
    return "\n".join([*lines, "%commit", ""])


def _failed(what: str, said: str, hint: str) -> MissingError:
    lines = [line for line in said.splitlines() if line and not line.startswith("[GNUPG:]")]
    told = [*dict.fromkeys(lines)]
    return MissingError(f"gpg could not {what}", notes=tuple(told[-5:]), hint=hint)
