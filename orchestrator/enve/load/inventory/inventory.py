"""The inventory: one file, several, or a directory of them, merged into one Domain."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from enve.errors import InputError, Where
from enve.load.inventory.assembled import assemble
from enve.load.inventory.gathered import Gathered
from enve.load.yaml.file import read_yaml, undisturbed
from enve.model.site import Domain

MOST_FILES = 1000


def load_domain(paths: Iterable[Path | str]) -> Domain:
    """The domain that these files and directories describe together. Raises InputError."""
    with undisturbed():
        return _load(files(paths))


def _load(found: Iterable[Path]) -> Domain:
    gathered = Gathered()
    for file in found:
        gathered.take(read_yaml(file))
    return assemble(gathered)


def files(paths: Iterable[Path | str]) -> list[Path]:
    """The inventory files that are meant: these, and the *.yml in these directories."""
    found: list[Path] = []
    for path in map(Path, paths):
        found += _below(path) if path.is_dir() else [path]
    if not found:
        raise InputError("no inventory is given", hint="name a file or a directory")
    return found


def _below(directory: Path) -> list[Path]:
    try:
        files = sorted(
            file
            for file in directory.iterdir()
            if file.suffix in (".yml", ".yaml") and not file.name.startswith(".") and file.is_file()
        )
    except OSError as error:
        message = f"cannot read {directory}: {error.strerror or error}"
        raise InputError(message, where=Where(str(directory))) from None
    if not files or len(files) > MOST_FILES:
        raise InputError(
            f"{len(files)} inventory files (*.yml) in this directory",
            where=Where(str(directory)),
            hint=f"wanted 1 to {MOST_FILES}",
        )
    return files
