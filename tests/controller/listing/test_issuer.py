"""Whose key a signature names: read from real signatures, and never a crash on others."""

from __future__ import annotations

import base64
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve.core.issuer import issuer


@given(st.binary(max_size=200))
def test_any_bytes(raw: bytes) -> None:
    named = issuer(base64.b64encode(raw).decode())
    assert named == "" or len(named) == 10


@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    issuer(text)


@pytest.mark.real
def test_a_real_signature(tmp_path: Path) -> None:
    home = tmp_path / "g"
    home.mkdir(mode=0o700)
    env = {"GNUPGHOME": str(home), "PATH": os.environ["PATH"]}

    def gpg(*words: str, data: bytes = b"") -> bytes:
        flags = ["gpg", "--batch", "--quiet", "--pinentry-mode", "loopback"]
        done = subprocess.run(
            [*flags, *words], env=env, input=data, capture_output=True, check=True
        )
        return done.stdout

    try:
        gpg("--passphrase", "", "--quick-gen-key", "a <a@x>", "ed25519", "sign")
        keys = gpg("--with-colons", "--list-keys").decode().splitlines()
        fingerprint = next(line for line in keys if line.startswith("fpr")).split(":")[9]
        signature = gpg("--detach-sign", data=b"head")
    finally:
        subprocess.run(["gpgconf", "--kill", "all"], env=env, check=True)
    told = issuer(base64.b64encode(signature).decode())
    assert told == f"{fingerprint[:4]}..{fingerprint[-4:]}"
    for size in range(len(signature)):
        assert issuer(base64.b64encode(signature[:size]).decode()) in ("", told)
