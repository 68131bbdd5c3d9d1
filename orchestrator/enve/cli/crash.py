"""A bug of ours: one short screen, and the traceback in a file for whoever mends it."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from enve import __version__, private
from enve.errors import EnveError


def report(error: BaseException) -> EnveError:
    """Save the traceback (no variables: they could hold secrets) and say where it is."""
    import traceback  # noqa: PLC0415

    text = "".join(traceback.format_exception(error))
    head = f"enve {__version__}, Python {sys.version.split()[0]}, {sys.platform}\n"
    return EnveError(
        f"unexpected: {type(error).__name__}: {error}",
        notes=(_saved(head + text),),
        hint="this is a bug in enve: please report it with that file",
    )


def _saved(text: str) -> str:
    for folder in (_state_folder(), Path(tempfile.gettempdir())):
        try:
            private.make_folder(folder)
            handle, name = tempfile.mkstemp(prefix="enve-crash-", suffix=".txt", dir=folder)
        except OSError:
            continue
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        return f"the traceback is in {name}"
    return f"the traceback could not be saved; its last line: {text.splitlines()[-1]}"


def _state_folder() -> Path:
    base = os.environ.get("XDG_STATE_HOME", "")
    root = Path(base) if base.startswith("/") else Path.home() / ".local/state"
    return root / "enve/crash"
