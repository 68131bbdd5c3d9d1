"""What an order to the rollout means for this pm: which of the lines are its own units', and which
are those of pms below it."""

from __future__ import annotations

from enve_pm.core import reading
from enve_pm.core.address import parse as parse_address
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# Lines to bring into force. old: names of those before, new: {name: line}; names are addresses.
# ack: what the acceptor gave us, None: nobody is told. march: an operator has just sent it, so it
# overrides what was set by hand.
Order = namedtuple("Order", "ack old new march")


class Share(namedtuple("Share", "order old new names nested specs")):
    """What of an order is this pm's own. old: units; new: {unit: line}; names: {unit: address};
    nested: lines of units in sub-pms, by their addresses; specs: {unit: spec} of what differs."""

    def dropped(self) -> list[str]:
        """The addresses that the order has no line for any more, those in sub-pms too."""
        return [address for address in self.order.old if address not in self.order.new]


def read(order: Order, differs: Callable[[str, str, bool], bool]) -> Share:
    """`differs`: is this line, for this unit, another one than the one in force?"""
    names, new, nested = {}, {}, {}
    for address, line in order.new.items():
        name = unit_of(address)
        if name:
            names[name], new[name] = address, line
        else:
            nested[address] = line
    changed = [name for name in new if differs(name, new[name], order.march)]
    specs = {name: reading.read(new[name]) for name in changed}
    return Share(order, list(filter(None, map(unit_of, order.old))), new, names, nested, specs)


def unit_of(address: str) -> str:
    """The unit of this pm that an address below it names, or empty: it is a sub-pm's."""
    names = parse_address(address)
    return names[0] if len(names) == 1 else ""
