"""States, on their way up: a sub-pm sends a byte, "look again"; what we then look at lies in its
HOME, is read as a stranger's and published as HOME/public/sub/NAME.json."""

from __future__ import annotations

import os

from enve_pm.core.canonical import dumps
from enve_pm.core.effects import Ready
from enve_pm.core.filename import quote
from enve_pm.shell.state import nested
from enve_pm.shell.state.home import SHARED
from enve_pm.shell.state.pending import REPLACED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from enve_pm.resource.base import Runs
    from enve_pm.resource.child import SubPm
    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.state.home import Home

CALM = 50  # ms between two looks at the same sub-pm
SHARE = 20  # ... or so many times what the last look took: however much it shows, it gets 5 %


class Lookout:
    """`told`: called after each look, with the name; `shown`: something in public/ was written
    anew."""

    def __init__(
        self,
        loop: Loop,
        home: Home,
        runs: Runs,
        emit: Callable[[Any], None],
        subs: dict[str, SubPm],
    ) -> None:
        self.told: Callable[[str], None] = lambda name: None
        self.shown: Callable[[], None] = lambda: None
        self._loop = loop
        self._home = home
        self._runs = runs
        self._emit = emit
        self._subs = subs

    def watch(self, name: str, sub: SubPm) -> None:
        if sub.tell >= 0 and not sub.watching:
            sub.watching = True
            self._loop.watch(sub.tell, lambda: self._hear(name, sub))

    def _hear(self, name: str, sub: SubPm) -> None:
        """It says that something changed. Look a moment later: however much it talks, we look
        some times a second, and seldom where a look is dear."""
        self._loop.unwatch(sub.tell)
        sub.watching = False
        pause = max(CALM, SHARE * sub.took)
        self._loop.at(self._loop.system.now() + pause, lambda: self._look(name, sub))

    def _look(self, name: str, sub: SubPm) -> None:
        if self._subs.get(name) is not sub or sub.tell < 0:
            return
        began = self._loop.system.now()
        try:
            said = os.read(sub.tell, 65536)
        except BlockingIOError:  # it was another life's word that called us
            self.watch(name, sub)
        else:
            self._take(name, sub, said)
        self.publish(name)
        self.told(name)
        sub.took = self._loop.system.now() - began

    def _take(self, name: str, sub: SubPm, said: bytes) -> None:
        """Nothing: it has ended. Its first word: it has begun, and shows its states."""
        if not said:
            sub.close(self._loop)
            return
        self.watch(name, sub)
        run = self._runs.get(name, sub.number) if sub.number else None
        if run is not None:
            self._emit(Ready(name, run.number, run.main))
        sub.number = 0

    def publish(self, name: str) -> None:
        """Read what it shows and write it where a listing of this node looks."""
        sub = self._subs[name]
        if sub.lodging is None:
            return
        report = nested.read(sub.lodging.home, sub.lodging.uid)
        sub.report = {
            "v": 1,
            "read": self._home.system.wall(),
            "alive": sub.alive,
            "status": report.status or {"v": 1, "units": {}},
            "sub": report.sub,
        }
        self._home.pending.put(self._file(name), dumps(sub.report) + b"\n", REPLACED, SHARED)
        self._home.pending.flush()
        self.shown()

    def forget(self, name: str) -> None:
        """It is gone, and so is what was published of it."""
        self._home.pending.remove(self._file(name))
        self.told(name)

    def _file(self, name: str) -> str:
        return f"{self._home.path}/public/sub/{quote(name)}.json"

    # -- what others ask ---------------------------------------------------------------------------
    def alive(self, name: str) -> bool:
        sub = self._subs.get(name)
        return sub is not None and sub.alive

    def answer(self, name: str, job: str) -> tuple[int, str] | None:
        """What a sub-pm answered to a job: (retcode, message), None as long as it has not."""
        sub = self._subs.get(name)
        if sub is None or sub.lodging is None:
            return None
        return nested.answer(sub.lodging.home, sub.lodging.uid, job)

    def report(self, name: str) -> dict[str, Any]:
        """What was published of it last, or nothing."""
        sub = self._subs.get(name)
        return sub.report if sub is not None else {}

    def by_hand(self) -> list[str]:
        """The addresses of units below whose want was set by hand, as they were shown last."""
        found = [nested.by_hand(sub.report, (name,)) for name, sub in self._subs.items()]
        return [address for addresses in found for address in addresses]
