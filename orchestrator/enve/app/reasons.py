"""Why a node came out as it did, told with what only the controller knows: keys and keyholes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from enve import errors
from enve.core.moment import written
from enve.model.blueprint import Keyhole
from enve.model.march import Answer, SignedHead
from enve.model.report import Problem, Result
from enve.model.trust import shorten
from enve_pm.core import refusal


def skipped(node: str, why: str) -> Result:
    """A node that the plan could not be rendered for."""
    problem = Problem(f"left out: {why}", errors.UNREACHABLE, kind="facts")
    return Result(node, "unreachable", problem.message, problem=problem)


def explained(
    result: Result, answer: Answer, signed: SignedHead, keyholes: Iterable[Keyhole]
) -> Result:
    """A refusal with the key that was refused, and what its keyhole reads."""
    if result.problem is None or answer.code not in (refusal.SCOPE, refusal.KEYHOLE):
        return result
    found = [one for one in keyholes if one.fingerprint == signed.signer]
    key = f"key {signed.signer_name} ({shorten(signed.signer)})" if signed.signer else "a key"
    if not found:
        note = f"signed by {key}, which this node's blueprint does not name"
        return replace(result, problem=replace(result.problem, notes=(note,)))
    holes = {reading(one): one for one in found}
    notes = [f"signed by {key}", *(f"its keyhole reads: {text}" for text in holes)]
    where = next((str(one.where) for one in found if one.where), "")
    return replace(result, problem=replace(result.problem, notes=tuple(notes[:4]), where=where))


def reading(one: Keyhole) -> str:
    """A keyhole as its blueprint says it: `march, scope db*.**`."""
    lanes = "" if one.lanes in ((), ("main",)) else f", lanes {' '.join(one.lanes)}"
    since = f", from {written(one.since)}" if one.since else ""
    until = f", until {written(one.until)}" if one.until else ""
    return f"{' '.join(one.may)}, scope {' '.join(one.scope)}{lanes}{since}{until}"
