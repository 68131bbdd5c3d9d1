"""Cases as data files: `NAME.txt` with a first part and parts under lines `--- PART`."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "cases"


def parts(path: Path) -> dict[str, str]:
    """The parts by name; the first one is called "". Line feeds are kept as they are."""
    found: dict[str, list[str]] = {"": []}
    name = ""
    with path.open(encoding="utf-8", newline="") as file:
        for line in file:
            if line.startswith("--- ") and line.rstrip("\n")[4:].replace(" ", "").isalnum():
                name = line.rstrip("\n")[4:]
                found[name] = []
            else:
                found[name].append(line)
    return {name: "".join(lines) for name, lines in found.items()}


def of(folder: str) -> list[object]:
    """The cases of tests/cases/FOLDER, for parametrize."""
    files = sorted((ROOT / folder).glob("*.txt"))
    assert files, folder
    return [pytest.param(file, id=file.stem) for file in files]
