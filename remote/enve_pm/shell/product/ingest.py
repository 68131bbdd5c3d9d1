"""Taking in: a branch of pm copies blobs from the inbox (or a feed) into the store, so that a large
file never keeps pm waiting.

stdin: rows `SHA256 SIZE`; stdout: for each a row `SHA256 ok` or `SHA256 REASON`. Then the inbox is
brought within its age and quota. Exit 0 unless the folders themselves could not be used.
"""

from __future__ import annotations

import os
import time

from enve_pm.shell.complain import complain
from enve_pm.shell.product import store

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
ROWS = 1 << 20  # bytes of a request


def main(inbox: str, target: str, quota: int) -> int:
    try:
        source, kept = os.open(inbox, _FOLDER), os.open(target, _FOLDER)
    except OSError as error:
        complain("%s: %s" % (error.filename, error.strerror))
        return 1
    for name, size in asked():
        row = "%s %s\n" % (name, _taken(source, kept, name, int(size)))
        os.write(1, row.encode("utf-8", "replace"))
    os.fsync(kept)
    store.tidy(source, int(time.time()), quota)
    return 0


def asked() -> list[list[str]]:
    """The rows of stdin, split."""
    with os.fdopen(0, "rb", closefd=False) as rows:
        return [row.decode("ascii").split() for row in rows.read(ROWS).splitlines()]


def _taken(source: int, kept: int, name: str, size: int) -> str:
    try:
        store.take(source, kept, name, size)
    except store.NotTaken as why:
        return str(why)
    except OSError as error:
        return "not stored: %s" % error.strerror
    return "ok"


def read_answer(data: bytes) -> dict[str, str]:
    """{sha256: "ok" or reason} from what the child printed; broken rows say nothing."""
    rows = [row.partition(" ") for row in data.decode("utf-8", "replace").splitlines()]
    return {name: text for name, _, text in rows if text}
