"""The board: what pm shows of its units, on disk, for whoever may read.

Changes are collected for a moment and then written together: a unit's state as the state machine
has it, and the whole in public/status.json. Wants set by hand are kept for good the same way.
"""

from __future__ import annotations

import os
import sys

from enve_pm import __version__
from enve_pm.core import states
from enve_pm.core.effects import Want
from enve_pm.core.stages import spot
from enve_pm.shell.complain import complain
from enve_pm.shell.guard import program
from enve_pm.shell.state.claim import claim
from enve_pm.shell.state.pending import REPLACED
from enve_pm.shell.state.status import Row, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from enve_pm.app.engine import Engine
    from enve_pm.core.unitstate import Unit
    from enve_pm.shell.state.home import Home

SOON = 10  # ms after the first change
PAUSE = 100  # ms between two writes of the whole, at least
MANY = 200  # units that changed
AGAIN = 2000  # ms until a disk that is full is tried again
SET = 500  # ms that the wall clock may drift before it counts as set
MANUAL = "manual"


class Board:
    """`notes`: what services say of themselves (STATUS= of sd_notify), shown as detail."""

    def __init__(self, engine: Engine, home: Home) -> None:
        self.wants: dict[str, str] = {}  # set by hand: {unit: "up manual by WHO"}
        self.notes: dict[str, str] = {}
        self.dropped: Callable[[str], None] = lambda unit: None
        self.kept: Callable[[], None] = lambda: None  # wants set by hand have changed
        self.shown: Callable[[], None] = lambda: None  # status.json was written
        self.clock_set: Callable[[], None] = lambda: None  # the wall clock was, some time before
        # of a unit whose new line waits: the stage that it waits for, and what is told of that
        self.held: Callable[[str], tuple[str, str]] = lambda unit: ("", "")
        self.closing = False  # pm is shutting down: wants are not changed by that
        self._engine = engine
        self._home = home
        self._system = home.system
        self._status = Status(self._head())
        self._dirty: set[str] = set()
        self._waiting = False
        self._held_back = False
        self._last = -PAUSE
        # Of the wall clock to ours, by which the states are dated; None: nothing is shown yet.
        self._offset: int | None = None
        self._told = ""  # what the disk does not take
        engine.changed = self.changed
        engine.gone = self.gone

    def _head(self) -> dict[str, Any]:
        stat = self._system.stat(os.getpid())
        return {
            "pid": os.getpid(),
            "start": stat.start if stat else 0,
            "boot": self._system.boot(),
            "version": __version__,
            "hash": os.path.basename(program.here()),
        }

    def changed(self, unit: str) -> None:
        """Its row differs from what is shown, and so may that of the spot whose stage it is."""
        self._dirty.update((unit, spot(unit)) if "!" in unit else (unit,))
        if not self._waiting:
            self._wake(max(SOON, self._last + PAUSE - self._system.now()))

    def at_beat(self) -> None:
        """Now and then: has the wall clock been set? What is shown is dated by it."""
        if self._was_set():
            self._wake(0)

    def gone(self, unit: str) -> None:
        self._dirty.discard(unit)
        self.notes.pop(unit, None)
        self._status.drop(unit)
        self.dropped(unit)
        if self.wants.pop(unit, None) is not None:
            self._home.keep_wants(self.wants, ())
            self.kept()
        self._wake(SOON)

    def noted(self, unit: str, text: str) -> None:
        self.notes[unit] = text
        self.changed(unit)

    def begin(self) -> None:
        """Show that we are here, and every unit, even if there is none at all."""
        self._wake(0)

    def _wake(self, delay: int) -> None:
        if not self._waiting:
            self._waiting = True
            self._engine.loop.at(self._system.now() + delay, self._write)

    def _write(self) -> None:
        """It is time to. A change of very many units is still on its way then, more often than not:
        it is let through once, so that each is written once."""
        self._waiting = False
        if len(self._dirty) > MANY and not self._held_back:
            self._held_back = True
            self._wake(PAUSE)
        else:
            self.flush()

    def settle(self) -> None:
        """Leave nothing unwritten to the program that goes on."""
        if self._dirty or self._home.pending:
            self.flush()

    def flush(self) -> None:
        """Write what has changed; what the disk does not take is tried again."""
        self._held_back = False
        self._last = self._system.now()
        dirty, self._dirty = self._dirty, set()
        units = self._engine.machine.units
        for name in units if self._dated_anew() else dirty:
            if name in units:
                self._status.set(name, self._row(units[name]))
        for name in dirty:
            if name in units:
                self._home.state(name, units[name].state)
        path = self._home.path + "/public/status.json"
        text = self._status.render(self._system.wall())
        self._home.pending.put(path, text, REPLACED, 0o644)
        if not self._home.pending.flush():
            self._wake(AGAIN)
        if path in self._home.pending:
            claim(self._system, path, text)
        self._tell_disk(self._home.pending.error)
        self.shown()

    def _tell_disk(self, error: str) -> None:
        if error and not self._told:
            complain(f"pm: {error}; what waits is tried again")
        self._told = error

    def manual(self, unit: str) -> Want | None:
        """The want that was set by hand for this unit, as an event."""
        want, _, why = self.wants.get(unit, "").partition(" ")
        return Want(unit, want, why) if want in (states.UP, states.DOWN) else None

    def strays(self) -> list[str]:
        """Units whose want by hand stands against the plan's."""
        units = self._engine.machine.units
        return [name for name in self.wants if name in units and units[name].drift]

    def keep_wants(self) -> None:
        """After a turn of the machine: wants set by hand that differ from those on disk."""
        if self.closing:
            return
        changed = [name for name in self._dirty if self._keep(name)]
        if changed:
            self._home.keep_wants(self.wants, changed)
            self.kept()

    def _keep(self, name: str) -> bool:
        unit = self._engine.machine.units.get(name)
        if unit is None:
            return False
        by_hand = unit.asked_why.startswith(MANUAL)
        text = sys.intern("%s %s" % (unit.asked, unit.asked_why)) if by_hand else ""
        if self.wants.get(name, "") == text:
            return False
        self.wants[name] = text
        if not text:
            del self.wants[name]
        return True

    def _dated_anew(self) -> bool:
        """Whether every row is made anew: the wall clock was set, or these are the first ones.
        (Whoever reads those finds every unit, though the machine's news of most of them may still
        be on their way.)"""
        anew = self._was_set()
        if anew:
            now = self._system.now()
            self._offset = self._system.wall() - now
            self._engine.loop.at(now, self.clock_set)
        return anew

    def _was_set(self) -> bool:
        """Small differences do not count: else a state that nothing happened to would seem to have
        begun a millisecond earlier or later."""
        found = self._system.wall() - self._system.now()
        return self._offset is None or abs(found - self._offset) > SET

    def _row(self, unit: Unit) -> Row:
        waits_for, held = self.held(unit.name)
        return Row(
            self._detail(unit, held),
            unit.drift,
            unit.spec.kind,
            unit.pid,
            unit.restarts,
            unit.result,
            (self._offset or 0) + unit.since,
            unit.stale,
            unit.state,
            waits_for,
            unit.want,
            unit.why,
        )

    def _detail(self, unit: Unit, held: str) -> str:
        """Of one that runs first that its new line waits: by which it runs follows from that."""
        if unit.detail and held and unit.state == states.RUNNING:
            return held + "; " + unit.detail
        return unit.detail or held or self.notes.get(unit.name, "")
