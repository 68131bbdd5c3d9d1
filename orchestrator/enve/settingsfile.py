"""Files of settings: which of them count here, what stands in them, and on which line.

TOML with flat keys.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from enve.core.suggest import did_you_mean
from enve.errors import InputError, Where

NAME = "enve.toml"
MAX_FILE = 1 << 20  # bytes


def read(
    places: Iterable[Path], known: Collection[str], warnings: list[str]
) -> list[tuple[str, Mapping[str, Any]]]:
    """What those of these files hold that exist: settings by name. A file that anybody may have put
    there decides nothing, and is told in `warnings`. Raises InputError for what is no setting."""
    found = []
    for file in places:
        try:
            if file.is_file() and _safe(file, warnings):
                found.append((str(file), _toml(file, known)))
        except OSError as error:
            told = f"cannot be read: {error.strerror}"
            raise InputError(told, where=Where(str(file))) from None
    return found


def upward(cwd: Path) -> Path | None:
    """The nearest enve.toml from `cwd` up to the repository's root; outside of one only `cwd`'s."""
    found: Path | None = None
    for folder in (cwd, *cwd.parents):
        if found is None and (folder / NAME).is_file():
            found = folder / NAME
        if (folder / ".git").exists():
            return found
    return cwd / NAME


def _safe(file: Path, warnings: list[str]) -> bool:
    """A setting can name a command (by `ssh_config`): it is taken from nobody else, wherever we
    stand."""
    for path in (file.parent, file):
        state = path.stat()
        if state.st_mode & stat.S_IWOTH:
            warnings.append(f"{file} is ignored: everybody may write to {path}")
            return False
        if state.st_uid not in _ours():
            warnings.append(f"{file} is ignored: {path} belongs to uid {state.st_uid}")
            return False
    return True


def _ours() -> set[int]:
    """Us, root, and who became root by sudo."""
    sudo = os.environ.get("SUDO_UID", "") if os.geteuid() == 0 else ""
    return {os.geteuid(), 0, *([int(sudo)] if sudo.isascii() and sudo.isdigit() else [])}


def _toml(file: Path, known: Collection[str]) -> Mapping[str, Any]:
    with file.open("rb") as stream:
        text = stream.read(MAX_FILE + 1)
    if len(text) > MAX_FILE:
        raise InputError(f"wanted at most {MAX_FILE} bytes", where=Where(str(file)))
    try:
        found = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"not TOML: {error}", where=Where(str(file))) from None
    for name in found:
        if name not in known:
            raise InputError(
                f"unknown setting '{name}'",
                where=place(file, name),
                hint=did_you_mean(name, known, "`enve config dump` lists all settings"),
            )
    return found


def place(file: Path, name: str) -> Where:
    """The line that sets `name` (tomllib keeps no positions)."""
    pattern = re.compile(rf"\s*\[*[\"']?{re.escape(name)}[\"']?\s*[\]=.]")
    for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
        if pattern.match(line):
            return Where(str(file), number, len(line) - len(line.lstrip()) + 1)
    return Where(str(file))
