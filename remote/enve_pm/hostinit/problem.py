"""What keeps a deploy from going on, in words for the one who deploys."""

from __future__ import annotations

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
    try:
        done = subprocess.run(
            list(argv),
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=deadline,
            check=False,
        )
    except FileNotFoundError:
        return 127, "there is no " + argv[0]
    except PermissionError:  # also of a folder of PATH that is not ours to look into
        return 126, "no right to run " + argv[0]
    except subprocess.TimeoutExpired:
        return 124, "%s did not end within %d s" % (argv[0], deadline)
    return done.returncode, done.stdout[:limit].decode("utf-8", "replace").strip()
