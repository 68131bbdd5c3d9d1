"""What units that are gone leave behind is cleared between two parts, by a child; until then the
disk knows the unit, so that a sudden end of pm leaves nothing forgotten."""

from __future__ import annotations

from enve_pm.shell.complain import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.state.home import Home


class Leaving:
    """`anew`: is that unit being placed again just now? `go_on`: called when there is something to
    clear, and when it is done."""

    def __init__(
        self, loop: Loop, home: Home, anew: Callable[[str], bool], go_on: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._home = home
        self._anew = anew
        self._go_on = go_on
        self._left: list[str] = []
        self.clearing = False

    @property
    def waits(self) -> bool:
        """Something is there to be cleared."""
        return bool(self._left)

    def leave(self, unit: str) -> None:
        """A unit is gone. One that is placed anew just now has only its own things there."""
        if self._anew(unit) or self._home.cleared(unit):
            self._home.forget(unit)
        else:
            self._left.append(unit)
            self._go_on()

    def clear(self) -> None:
        from enve_pm.app.placing import Placing, gone  # a pm that places nothing needs none of it

        self.clearing = True
        names, self._left = self._left, []
        orders = {name: gone(name) for name in names}
        Placing(self._loop, self._home.path, orders, lambda failed: self._cleared(names, failed))

    def _cleared(self, names: list[str], failed: dict[str, str]) -> None:
        for name, reason in failed.items():
            complain("pm: %s left files behind: %s" % (name, reason))
        for name in names:
            self._home.forget(name)
        self.clearing = False
        self._go_on()
