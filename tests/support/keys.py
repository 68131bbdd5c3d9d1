"""Real OpenPGP keys in a GNUPGHOME with a short path (a socket's name ends at 107 bytes)."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType


class KeyHome:
    """A temporary GNUPGHOME; its agent is ended and the folder removed at the end of `with`."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="eg", dir="/tmp"))
        self.path.chmod(0o700)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "GNUPGHOME": str(self.path)}

    def gpg(self, *arguments: str, data: bytes = b"") -> bytes:
        """Runs gpg in batch mode; returns what it printed."""
        done = subprocess.run(
            ["gpg", "--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback", *arguments],
            input=data,
            env=self.environment,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"gpg {arguments}: {done.stderr.decode()}")
        return done.stdout

    def make(self, name: str, *, algorithm: str = "ed25519", expires: str = "never") -> str:
        """Makes a sign-only key without passphrase; returns its fingerprint."""
        self.gpg("--passphrase", "", "--quick-gen-key", name, algorithm, "sign", expires)
        return self.fingerprint(name)

    def fingerprint(self, name: str) -> str:
        listing = self.gpg("--with-colons", "--list-keys", name).decode()
        return next(row.split(":")[9] for row in listing.splitlines() if row.startswith("fpr"))

    def public(self, fingerprint: str) -> bytes:
        """The binary key ring with this one key."""
        return self.gpg("--export", fingerprint)

    def sign(self, fingerprint: str, data: bytes, *options: str) -> bytes:
        return self.gpg(*options, "--local-user", fingerprint, "--detach-sign", data=data)

    def close(self) -> None:
        subprocess.run(["gpgconf", "--kill", "all"], env=self.environment, check=False)
        shutil.rmtree(self.path, ignore_errors=True)

    def __enter__(self) -> KeyHome:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
