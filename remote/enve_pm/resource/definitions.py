"""Definitions, on their way down: what each sub-pm shall run is placed in a folder that it may only
read, its blobs beside it, and then it is told to `load` them.

What the disk does not take, or the sub-pm does not read, is tried again. One that does not run gets
its definitions when it starts.
"""

from __future__ import annotations

import os

from enve_pm.core import blob
from enve_pm.core.address import format as format_address
from enve_pm.core.address import parse as parse_address
from enve_pm.core.canonical import loads
from enve_pm.core.unit import UnitSpec
from enve_pm.resource.child import OWED, SubPm
from enve_pm.resource.loading import MARCH
from enve_pm.shell.complain import complain
from enve_pm.shell.events.branch import order
from enve_pm.shell.product import feed
from enve_pm.shell.state import nested
from enve_pm.wire import command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.state.home import Home

    Lines = dict[str, str]

AGAIN = 2000  # ms until what could not be handed down is tried again


class Definitions:
    """`loading`: called with name and job when a `load` was sent."""

    def __init__(self, loop: Loop, home: Home, subs: dict[str, SubPm]) -> None:
        self.loading: Callable[[str, str], None] = lambda name, job: None
        self._loop = loop
        self._home = home
        self._subs = subs

    @property
    def quiet(self) -> bool:
        """Nothing is being copied: whoever follows us would not hear of its end."""
        return not any(sub.filling for sub in self._subs.values())

    def owed(self, name: str) -> bool:
        """It does not know yet what it shall run."""
        sub = self._subs.get(name)
        return sub is not None and (sub.filling > 0 or sub.plan == OWED)

    def below(self, lines: Lines, march: bool) -> None:
        """The lines of all units in sub-pms, by their addresses: what each shall run now; `march`:
        also against what was set by hand."""
        shares: dict[str, Lines] = {name: {} for name in self._subs}
        for name, line in lines.items():
            first, *rest = parse_address(name)
            shares.setdefault(first, {})[format_address(rest)] = line
        for name, share in shares.items():
            sub = self._subs.setdefault(name, SubPm())
            if sub.lines != share or (march and any(nested.by_hand(sub.report, (name,)))):
                sub.lines, sub.march = share, sub.march or march
                self.hand_down(name, sub)

    def hand_down(self, name: str, sub: SubPm) -> None:
        if self._subs.get(name) is not sub or sub.lodging is None:
            return  # it is gone, or gets them when it starts
        try:
            self.place(name, sub)
        except OSError as error:
            if sub.plan != OWED:
                note = f"pm: {name} cannot be told what to run: {error}; it is tried again"
                complain(note)
            self._later(name, sub)

    def _later(self, name: str, sub: SubPm) -> None:
        sub.plan = OWED
        due = self._loop.system.now() + AGAIN
        sub.timer = self._loop.at(due, lambda: self.hand_down(name, sub))

    def place(self, name: str, sub: SubPm) -> None:
        """Write the definitions, have the blobs copied, and tell it to load. Raises OSError."""
        if sub.timer is not None:
            self._loop.cancel(sub.timer)
            sub.timer = None
        if sub.lodging is None:
            return
        plan, data = feed.encode(sub.lines)
        feed.write(sub.lodging.feed, plan, data, sub.lodging.uid)
        specs = [UnitSpec.parse(loads(line.encode())) for line in sub.lines.values()]
        wanted = blob.named(specs)
        if wanted:
            self._fill(name, sub, plan, wanted)
        sub.plan = plan
        if not wanted:
            self._load(name, sub, plan)

    def _fill(self, name: str, sub: SubPm, plan: str, wanted: Mapping[str, int]) -> None:
        assert sub.lodging is not None  # noqa: S101
        store, folder, uid = self._home.path + "/store", sub.lodging.feed, sub.lodging.uid

        def filled(code: int) -> None:
            sub.filling -= 1
            self._load(name, sub, plan)

        request = "".join(f"{key} {size}\n" for key, size in wanted.items()).encode()
        order(self._loop, request, lambda: feed.fill(store, folder, uid), filled)
        sub.filling += 1

    def _load(self, name: str, sub: SubPm, plan: str) -> None:
        if self._subs.get(name) is not sub or sub.plan != plan:
            return
        job = self._home.jobs.new()
        if self.send(name, job, "load", (plan, MARCH) if sub.march else (plan,)):
            sub.march = False
            self.loading(name, job)
        elif sub.input >= 0:
            self._later(name, sub)

    def send(self, name: str, job: str, verb: str, args: Sequence[str]) -> bool:
        """One command for a sub-pm. False when it does not run, or its pipe is full."""
        sub = self._subs.get(name)
        if sub is None or sub.input < 0:
            return False
        try:
            return os.write(sub.input, command.encode(job, verb, tuple(args))) > 0
        except (OSError, command.CommandError):
            return False
