"""Listings as people and programs see them, from what nodes print: golden screens."""

from __future__ import annotations

import csv
import io
import json
import os
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
from tests.support import cases

from enve.cli import output
from enve.core import columns, listing, seen, sorting
from enve.core.encode import plain
from enve.model.report import Row

PARTS = {"table": "table", "wide": "wide", "csv": "csv", "name": "name", "json lines": "jsonl"}


def args(form: str, **options: Any) -> Namespace:
    return Namespace(**{"output": form, "color": "never", "no_headers": False, **options})


def rows(found: dict[str, str], now: int) -> list[Row]:
    looks = {name[5:]: text for name, text in found.items() if name.startswith("look ")}
    return [
        row
        for name, text in looks.items()
        for row in listing.rows(name, seen.parse(text.encode()), now)
    ]


@pytest.mark.parametrize("case", cases.of("listings"))
def test_screen(case: Path) -> None:
    found = cases.parts(case)
    now = json.loads(found[""])["now"]
    listed = sorting.by(rows(found, now))
    shown = output.Listing(listed, listed, now)
    for part, form in PARTS.items():
        if part in found:
            told = output.text(shown, args(form))
            if os.environ.get("GOLDEN"):
                rewrite(case, part, told)
            assert told == cases.parts(case)[part]


def rewrite(case: Path, part: str, told: str) -> None:
    """GOLDEN=1 writes what is printed now; look at the difference before you keep it."""
    parts = {**cases.parts(case), part: told}
    text = "".join(f"--- {name}\n{body}" if name else body for name, body in parts.items())
    case.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("case", cases.of("listings"))
def test_every_format_tells_the_same(case: Path) -> None:
    found = cases.parts(case)
    now = json.loads(found[""])["now"]
    listed = rows(found, now)
    shown = output.Listing(listed, listed, now)

    document = json.loads(output.text(shown, args("json")))
    assert document["rows"] == [plain_json(row) for row in listed]
    lines = [json.loads(line) for line in output.text(shown, args("jsonl")).splitlines()]
    assert [{k: v for k, v in line.items() if k not in ("v", "event")} for line in lines] == (
        document["rows"]
    )
    yaml = pytest.importorskip("yaml")
    assert yaml.safe_load(output.text(shown, args("yaml")))["rows"] == document["rows"]
    records = list(csv.DictReader(io.StringIO(output.text(shown, args("csv")))))
    assert [record["address"] for record in records] == [row.address for row in listed]
    assert [int(record["since"]) for record in records] == [row.since for row in listed]
    assert list(records[0]) == list(columns.COLUMNS)


def plain_json(row: Row) -> Any:
    return json.loads(json.dumps(plain(row)))


@pytest.mark.parametrize("form", ["table", "wide", "csv"])
def test_no_headers(form: str) -> None:
    row = Row("a.b", "a", "RUNNING")
    told = output.text(output.Listing([row], [row], 0), args(form, no_headers=True))
    assert len(told.splitlines()) == 1
    assert told.startswith("a.b")
