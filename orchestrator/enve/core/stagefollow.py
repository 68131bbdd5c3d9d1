"""What comes upon a spot when stages that it runs on are made anew: a reload, or a restart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from enve.core.linechange import parse
from enve.model.report import Change, Symbol
from enve_pm.core import address, stages
from enve_pm.core.states import FRESH, LIVE, RELOAD, RESTART, STALENESS, UP

SYMBOL: Mapping[str, Symbol] = {RELOAD: "~", RESTART: "-/+"}


def owners(made: Iterable[str]) -> dict[str, list[str]]:
    """The addresses of stages by that of the spot that they belong to."""
    found: dict[str, list[str]] = {}
    for name in made:
        found.setdefault(address.format(stages.owner(address.parse(name))), []).append(name)
    return found


def follow(
    name: str, row: Change | None, line: Mapping[str, Any], made: Iterable[str]
) -> Change | None:
    """The row of a spot, which has the new `line`. `row`: what changes about that alone; `made`:
    the stages that are made anew. None: nothing happens to it."""
    at = FRESH if row is None else row.action
    if line.get("want", UP) != UP or at not in STALENESS:  # it starts or stops, or nobody knows
        return row
    stage, word = _strongest(line.get("on_restart") or {}, made)
    if STALENESS.index(word) <= max(STALENESS.index(at), STALENESS.index(LIVE)):
        return row
    before = row or Change("", name)
    detail = ", ".join(filter(None, (before.detail, f"after its {stage}")))
    return replace(before, symbol=SYMBOL[word], action=word, detail=detail)


def retried(
    rows: Iterable[Change], behind: Iterable[str], wanted: Mapping[str, str]
) -> tuple[Change, ...]:
    """The rows with those whose last reload failed: whatever a march brings, it is tried again.
    `wanted`: the texts of the new lines."""
    found = {row.name: row for row in rows}
    for name in behind:
        row, line = found.get(name), parse(wanted.get(name, "{}"))
        if name not in wanted or line.get("want", UP) != UP or (row and row.action != LIVE):
            continue
        word = RELOAD if line.get("reload") else RESTART
        before = row or Change("", name)
        detail = ", ".join(filter(None, (before.detail, "its last reload failed")))
        found[name] = replace(before, symbol=SYMBOL[word], action=word, detail=detail)
    return tuple(found[name] for name in sorted(found))


def _strongest(answers: Mapping[str, str], made: Iterable[str]) -> tuple[str, str]:
    """(stage, reload or restart): what the spot answers to the stages; ("", "") to none of them."""
    found = ("", FRESH)
    for name in made:
        unit = address.parse(name)[-1]
        word, named = answers.get(unit, RESTART), stages.split(unit)
        if named and word in SYMBOL and STALENESS.index(word) > STALENESS.index(found[1]):
            found = (named.stage, word)
    return found
