"""The reference names every key that the loaders take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from enve.load import (
    blueprint,
    ceiling,
    connection,
    content,
    gathered,
    groups,
    keyholes,
    outline,
    planfile,
    profileform,
    secret,
    unitline,
)
from enve.load.profiledep import Dep
from enve.load.profilefiles import SetupFile
from enve.load.profiletables import Record

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"


def _inner() -> Iterator[str]:
    """The keys of sections, of deps and of files; those of settle have a page of their own."""
    for table in (*profileform.READ.values(), Dep(), SetupFile()):
        if isinstance(table, Record) and table is not profileform.SETTLE:
            yield from table.keys


@pytest.mark.parametrize(
    ("page", "keys"),
    [
        ("inventory", gathered.KEYS),
        ("inventory", gathered.NODE_KEYS),
        ("inventory", groups.KEYS),
        ("inventory", connection.KEYS),
        ("blueprint", blueprint.KEYS),
        ("blueprint", keyholes.KEYS),
        ("blueprint", ceiling.KEYS),
        ("blueprint", outline.PM_KEYS),
        ("blueprint", outline.LIMITS),
        ("plan", planfile.KEYS),
        ("plan", unitline.KEYS),
        ("profile", tuple(profileform.FORM.keys)),
        ("profile", tuple(_inner())),
        ("settle", tuple(profileform.SETTLE.keys)),
    ],
)
def test_every_key_has_a_row(page: str, keys: tuple[str, ...]) -> None:
    rows = [line.split("|")[1] for line in _text(page).splitlines() if line.startswith("|")]
    cells = " ".join(rows) + " " + " ".join(_prose(page))
    assert [key for key in keys if f"`{key}`" not in cells] == []


def test_the_forms_are_shown() -> None:
    for key in (*content.KEYS[:3], *secret.SOURCES):
        assert f"{{{key}: " in _text("plan")


def _text(page: str) -> str:
    return (REFERENCE / f"{page}.md").read_text()


def _prose(page: str) -> list[str]:
    """Keys that are explained in a row of another one."""
    return [line for line in _text(page).splitlines() if line.startswith("| `limits` |")]
