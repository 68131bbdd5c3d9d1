"""A detached OpenPGP signature beside a package: `F.sig`."""

from __future__ import annotations

import os
import subprocess

from enve_fire.core.trouble import FAILED, MISSING, REFUSED, Trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

END = ".sig"


def sign(path: str, key: str) -> str:
    """By gpg, which asks for what the key takes; `key`: as gpg names it. The signature's path.
    Raises Trouble."""
    target, part = path + END, "%s%s.part-%d" % (path, END, os.getpid())
    argv = ["gpg", "--batch", "--yes", "--local-user", key, "--output", part, "--detach-sign", path]
    try:
        status, told = _run(argv)
        if status:
            raise Trouble(FAILED, "%s: gpg does not sign: %s" % (path, told), "gpg -K lists keys")
        os.rename(part, target)
    finally:
        if os.path.lexists(part):
            os.unlink(part)
    return target


def verify(path: str, keyring: str) -> None:
    """`keyring`: a file of public keys (binary, as `gpg --export` writes it). Raises Trouble."""
    if not os.path.exists(path + END):
        raise Trouble(REFUSED, "%s is not signed: there is no %s" % (path, path + END))
    argv = ["gpgv", "--keyring", os.path.abspath(keyring), path + END, path]
    status, told = _run(argv)
    if status:
        hint = "it was changed, or signed by a key that is not in " + keyring
        raise Trouble(REFUSED, "%s: the signature does not hold: %s" % (path, told), hint)


def _run(argv: Sequence[str]) -> tuple[int, str]:
    """(exit status, the last line that it printed)"""
    try:
        child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    except FileNotFoundError:
        raise Trouble(MISSING, "there is no %s on this machine" % argv[0], "install it") from None
    said = child.communicate()[1].decode("utf-8", "replace").strip().splitlines()
    return child.returncode, said[-1] if said else ""
