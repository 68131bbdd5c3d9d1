"""A smartcard for gpg, in software: a PKCS#11 token behind gpg's agent, by a card daemon for such.

The usual arrangement of people who own a card: the primary key is kept elsewhere, and what signs
is a subkey whose secret half never leaves the card.
"""

from __future__ import annotations

import datetime
import shutil
import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from tests.support.keys import KeyHome

PROGRAMS = {
    "gnupg-pkcs11-scd": "gnupg-pkcs11-scd",
    "softhsm2-util": "softhsm2",
    "pkcs11-tool": "opensc",
}
LIBRARY = "/usr/lib/softhsm/libsofthsm2.so"
PIN, ID = "123456", "01"
DAEMON = """#!/bin/sh
SOFTHSM2_CONF='{home}/softhsm.conf' exec gnupg-pkcs11-scd "$@"
"""
# Who sits before the screen: types what is in the file `pin`; cancels when there is none.
PERSON = """#!/bin/sh
echo OK
while read -r word rest; do
	case $word in
	GETPIN | CONFIRM)
		if [ -e '{home}/pin' ]; then
			[ "$word" = CONFIRM ] || echo "D $(cat '{home}/pin')"
			echo OK
		else
			echo "ERR 83886179 Operation cancelled"
		fi
		;;
	BYE) echo OK && exit ;;
	*) echo OK ;;
	esac
done
"""


def refusal() -> str:
    """Why there can be no card here, or nothing."""
    lacks = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    return f"no card in software (packages {' '.join(lacks)})" if lacks else ""


class SoftCard:
    """A card in the reader of `home`, with one key pair; its owner knows the PIN."""

    def __init__(self, home: KeyHome) -> None:
        self._home = home
        self._slot = home.path / "token"
        self._slot.mkdir()
        self._write("softhsm.conf", f"directories.tokendir = {self._slot}\n")
        self._write("gnupg-pkcs11-scd.conf", f"providers p\nprovider-p-library {LIBRARY}\n")
        for name, text in (("daemon", DAEMON), ("person", PERSON)):
            self._write(name, text.format(home=home.path)).chmod(0o700)
        agent = f"scdaemon-program {home.path}/daemon\npinentry-program {home.path}/person\n"
        self._write("gpg-agent.conf", agent)
        self.knows(PIN)
        self._personalize()
        self._restart()

    # -- its owner --------------------------------------------------------------------------------
    def knows(self, pin: str) -> None:
        """What its owner types when asked; "" = cancels."""
        if pin:
            self._write("pin", pin)
        else:
            (self._home.path / "pin").unlink()

    def take_out(self) -> None:
        self._slot.rename(self._home.path / "pocket")
        self._slot.mkdir()
        self._restart()

    def put_in(self) -> None:
        self._slot.rmdir()
        (self._home.path / "pocket").rename(self._slot)
        self._restart()

    def joins(self, primary: str) -> str:
        """Its key becomes the subkey that signs for `primary`, whose secret half leaves this
        machine; returns the subkey's fingerprint."""
        grip = self._learn()
        words = "\n".join(["addkey", "13", grip, "q", "0", "save", ""])
        asks = ("--pinentry-mode", "default", "--command-fd", "0", "--status-fd", "2")
        options = (*asks, "--expert", "--yes", "--edit-key")
        self._home.gpg(*options, primary, data=words.encode())
        rows = self._rows(primary)
        grips = [row[9] for row in rows if row[0] == "grp"]
        (self._home.path / "private-keys-v1.d" / f"{grips[0]}.key").unlink()
        self._restart()
        return [row[9] for row in rows if row[0] == "fpr"][1]

    # -- the pieces -------------------------------------------------------------------------------
    def _personalize(self) -> None:
        self._run("softhsm2-util", "--init-token", "--free", "--label", "t", "--so-pin", PIN * 2)
        key = ("--keypairgen", "--key-type", "rsa:2048", "--id", ID, "--usage-sign")
        self._tool(*key)
        public = self._home.path / "public.der"
        self._tool("--read-object", "--type", "pubkey", "--id", ID, "--output-file", str(public))
        shown = self._home.path / "certificate.der"
        shown.write_bytes(_certificate(public.read_bytes()))
        self._tool("--write-object", str(shown), "--type", "cert", "--id", ID)

    def _learn(self) -> str:
        """The grip of the card's key, which the agent knows from now on."""
        self._run("gpg-connect-agent", "LEARN --sendinfo", "/bye")
        [stub] = [
            path
            for path in (self._home.path / "private-keys-v1.d").iterdir()
            if b"shadowed-private-key" in path.read_bytes()
        ]
        return stub.stem

    def _rows(self, key: str) -> list[list[str]]:
        listing = self._home.gpg("--with-colons", "--with-keygrip", "--list-keys", key).decode()
        return [row.split(":") for row in listing.splitlines()]

    def _restart(self) -> None:
        self._run("gpgconf", "--kill", "all")

    def _tool(self, *words: str) -> None:
        self._run("pkcs11-tool", "--module", LIBRARY, "--login", "--pin", PIN, *words)

    def _run(self, program: str, *words: str) -> None:
        if program == "softhsm2-util":
            words = (*words, "--pin", PIN)
        place = {"SOFTHSM2_CONF": str(self._home.path / "softhsm.conf")}
        environment = {**self._home.environment, **place}
        done = subprocess.run([program, *words], env=environment, capture_output=True, check=False)
        assert done.returncode == 0, (program, words, done.stdout, done.stderr)

    def _write(self, name: str, text: str) -> Path:
        path = self._home.path / name
        path.write_text(text)
        return path


def _certificate(public: bytes) -> bytes:
    """The card daemon finds keys by their certificates; who signed them is nothing to it."""
    key = serialization.load_der_public_key(public)
    assert isinstance(key, rsa.RSAPublicKey)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "card")])
    start = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(name, name, key, 1, start, start + datetime.timedelta(1))
    signed = made.sign(ed25519.Ed25519PrivateKey.generate(), None)
    return signed.public_bytes(serialization.Encoding.DER)
