"""What keeps a deploy from going on, in words for the one who deploys."""

from __future__ import annotations

import os
import subprocess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

DEADLINE = 60.0  # seconds for any one of the system's tools


class Problem(Exception):
    """`hint` says what to do next; `refused`: it could be done, but is not without a word more."""

    def __init__(self, message: str, hint: str = "", refused: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.refused = refused


def tool(
    argv: Sequence[str], text: bytes = b"", limit: int = 4096, deadline: float = DEADLINE
) -> tuple[int, str]:
    """Run one of the system's tools: its status and what it said (both outputs, cut)."""
    status, said, _ = _run(argv, text, deadline, subprocess.STDOUT)
    return status, said[:limit].decode("utf-8", "replace").strip()


def output(argv: Sequence[str]) -> tuple[int, bytes, bytes]:
    """The same: its status, what it printed, as it is, and what it complained of."""
    return _run(argv, b"", DEADLINE, subprocess.PIPE)


def _run(
    argv: Sequence[str], text: bytes, deadline: float, errors: int
) -> tuple[int, bytes, bytes]:
    try:
        done = subprocess.run(
            list(argv),
            input=text,
            stdout=subprocess.PIPE,
            stderr=errors,
            timeout=deadline,
            check=False,
            start_new_session=True,  # `su LOGIN -c` of some hosts lets LOGIN type into ours else
        )
    except FileNotFoundError:
        return 127, b"there is no " + os.fsencode(argv[0]), b""
    except PermissionError:  # also of a folder of PATH that is not ours to look into
        return 126, b"no right to run " + os.fsencode(argv[0]), b""
    except subprocess.TimeoutExpired:
        return 124, b"%s did not end within %d s" % (os.fsencode(argv[0]), deadline), b""
    return done.returncode, done.stdout, done.stderr or b""
