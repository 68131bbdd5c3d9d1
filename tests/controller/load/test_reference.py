"""The reference names every key that the loaders take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from enve.load import secret
from enve.load.blueprint import blueprint, ceiling, keyholes, outline
from enve.load.inventory import connection, gathered, groups
from enve.load.plan import content
from enve.load.plan import file as planfile
from enve.load.profile import form
from enve.load.profile.compound import Keyed
from enve.load.profile.dep import Dep
from enve.load.profile.files import SetupFile
from enve.load.unit import line as unitline

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"


def _inner() -> Iterator[str]:
    """The keys of sections, of deps and of files; those of settle have a page of their own."""
    for table in (*form.READ.values(), Dep(), SetupFile()):
        if isinstance(table, Keyed) and table is not form.SETTLE:
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
        ("profile", tuple(form.FORM.keys)),
        ("profile", tuple(_inner())),
        ("settle", tuple(form.SETTLE.keys)),
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
