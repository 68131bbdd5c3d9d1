"""What stands on a node already, when deploy brings another blueprint: plans that it would cut."""

from __future__ import annotations

from enve_pm.core import ceiling, states
from enve_pm.core.canonical import loads
from enve_pm.core.refusal import FormatError, Refused
from enve_pm.core.unit import UnitError, UnitSpec
from enve_pm.shell.disk import Disk
from enve_pm.shell.install import Install
from enve_pm.shell.plans import Plans
from enve_pm.wire import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from enve_pm.core.blueprint import Pm
    from enve_pm.hostinit.order import Order


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
