"""What stands on a node already, when deploy brings another blueprint: plans that it would cut."""

from __future__ import annotations

import sys

from enve_pm.core import ceiling, states
from enve_pm.core.canonical import loads
from enve_pm.core.refusal import FormatError, Refused
from enve_pm.core.unit import UnitError, UnitSpec
from enve_pm.hostinit import order as orders
from enve_pm.hostinit.problem import Problem
from enve_pm.shell.plan.install import Install
from enve_pm.shell.plan.plans import Plans
from enve_pm.shell.state.disk import Disk
from enve_pm.wire import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO

    from enve_pm.core.blueprint import Pm
    from enve_pm.hostinit.order import Order


def main(header: dict[str, Any], stream: BinaryIO, program: bytes) -> int:
    """For `enve-deploy --check`: what would an install refuse? Nothing is changed."""
    problem = None
    try:
        spare(orders.read(header, stream))
    except Problem as found:
        problem = found
    print(orders.answer([], [], problem))
    sys.stdout.flush()
    if problem is None:
        return 0
    return 5 if problem.refused else 3


def spare(order: Order) -> None:
    """Raises Problem where the new blueprint would end what runs."""
    cut = left_out(order)
    if cut:
        more = " (and %d more)" % (len(cut) - 4) if len(cut) > 4 else ""
        raise Problem(
            "the blueprint ends what runs: %s%s" % ("; ".join(cut[:4]), more),
            "march a plan below it first, or give --remove-spots",
            refused=True,
        )


def left_out(order: Order) -> list[str]:
    """A sentence for each unit that a held plan wants up, that the blueprint of now allows and the
    new one, which still has its spot, does not. (Spots that go are seen by the controller.)"""
    disk = Disk()
    plans = Plans(disk, order.home)
    try:
        plans.load()
        old = Install(disk, order.home, order.system).blueprint().tree
        new = record.parse_blueprint(order.blueprint, order.system).tree
    except (OSError, FormatError, Refused):
        return []  # no pm has run by these, or none can be read: nothing is cut
    texts = [text for plan in plans.held.values() for text in plan.part.lines.values()]
    found = [_above(spec, old, new, order.home) for spec in _specs(texts)]
    return [sentence for sentence in found if sentence]


def _specs(texts: list[str]) -> Iterator[UnitSpec]:
    for text in texts:
        try:
            spec = UnitSpec.parse(loads(text.encode()))
        except (FormatError, UnitError):
            continue
        if spec.want == states.UP:
            yield spec


def _above(spec: UnitSpec, old: Pm, new: Pm, home: str) -> str:
    try:
        ceiling.check(spec, old, home)
        ceiling.place(new, spec.name)
    except Refused:
        return ""
    try:
        ceiling.check(spec, new, home)
    except Refused as error:
        return error.reason
    return ""
