"""A package's signature: `F.sig` beside it, over the bytes of the file as it is, so that nothing of
it has to be read, nor unpacked, before they are known to be somebody's."""

from __future__ import annotations

import os

from enve_fire.core.trouble import REFUSED, Trouble
from enve_fire.store import signature

END = ".sig"
LONGEST = 1 << 14  # bytes of one
NAMED = "--keyring"


def verify(path: str, copy: str, keyring: str, folder: str) -> str:
    """The fingerprint of who signed the package at `path`, by a `copy` that nobody else can change;
    `folder`: an empty one, likewise. Raises Trouble, OSError."""
    ring = signature.ring(keyring, os.geteuid(), NAMED)
    try:
        handle = os.open(path + END, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        text = "%s is not signed: there is no %s" % (path, path + END)
        raise Trouble(REFUSED, text) from None
    with os.fdopen(handle, "rb") as file:
        said = file.read(LONGEST)
    try:
        return signature.check(ring, said, copy, folder)
    except Trouble as trouble:
        raise trouble.of(path) from None
