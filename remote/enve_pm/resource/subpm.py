"""Units of kind subpm: a pm of its own below this one, with the same program.

Down go bytes on a pipe that we made and handed over (commands, `load HASH`), and definitions in a
folder that it may only read. Up comes a byte on another pipe: "look again"; what we then look at
lies in its HOME, is read as a stranger's and published as HOME/public/sub/NAME.json.
"""

from __future__ import annotations

import os

from enve_pm.core import blob, states
from enve_pm.core.address import format as format_address
from enve_pm.core.address import parse as parse_address
from enve_pm.core.canonical import dumps, loads
from enve_pm.core.effects import Ready, SpawnFailed
from enve_pm.core.filename import quote
from enve_pm.core.unit import UnitSpec
from enve_pm.resource.loading import MARCH
from enve_pm.resource.lodging import Lodging, lodging, make, open_input
from enve_pm.resource.run import Run
from enve_pm.resource.step import describe, environment, output
from enve_pm.shell import feed, nested, program
from enve_pm.shell.branch import order
from enve_pm.shell.pending import REPLACED
from enve_pm.shell.spawn import Order, SpawnError
from enve_pm.wire import command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from enve_pm.core.effects import Signal, Spawn
    from enve_pm.resource.base import Runs
    from enve_pm.shell.home import Home
    from enve_pm.shell.logpipe import LogPipes
    from enve_pm.shell.loop import Loop

    Lines = dict[str, str]

INPUT_FD, TELL_FD = 3, 4  # the sub-pm's numbers
CALM = 50  # ms between two looks at the same sub-pm
MODE = 0o640


class SubPm:
    """One of them. `lines`: what it shall run; `plan`: the hash under which it was placed."""

    __slots__ = (
        "alive",
        "input",
        "lines",
        "lodging",
        "number",
        "plan",
        "report",
        "tell",
        "user",
        "watching",
    )

    def __init__(self) -> None:
        self.lines: Lines = {}
        self.plan = ""
        self.report: dict[str, Any] = {}  # as published last
        self.lodging: Lodging | None = None
        self.user = ""
        self.input = -1
        self.tell = -1
        self.alive = False
        self.number = 0  # of the run that has not said yet that it is there, else 0
        self.watching = False


class SubPms:
    """All sub-pms of this pm, whose letter (see `core.nesting`) is `own`. `told`: called after each
    look, with the name; `shown`: something in public/ was written anew; `loading`: called with
    name and job before a `load` is sent."""

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        loop: Loop,
        home: Home,
        logs: LogPipes,
        runs: Runs,
        emit: Callable[[Any], None],
        own: str,
    ) -> None:
        self.told: Callable[[str], None] = lambda name: None
        self.shown: Callable[[], None] = lambda: None
        self.loading: Callable[[str, str], None] = lambda name, job: None
        self._loop = loop
        self._home = home
        self._logs = logs
        self._runs = runs
        self._emit = emit
        self._own = own
        self._subs: dict[str, SubPm] = {}

    # -- what the machine asks for -----------------------------------------------------------------
    def spawn(self, effect: Spawn, spec: UnitSpec) -> None:
        """Start it; say Spawned or SpawnFailed."""
        sub = self._subs.setdefault(effect.unit, SubPm())
        try:
            place = self._prepare(sub, spec)
            self._launch(sub, place, effect, spec)
        except SpawnError as error:
            self._emit(SpawnFailed(effect.unit, effect.run, error.reason))
        except OSError as error:
            reason = f"home:{error.strerror}: {error.filename}"
            self._emit(SpawnFailed(effect.unit, effect.run, reason))

    def signal(self, effect: Signal, spec: UnitSpec) -> None:
        self._runs.signal(effect.unit, effect.run, effect.signal, effect.tree)

    def _prepare(self, sub: SubPm, spec: UnitSpec) -> Lodging:
        users = {name: other.user for name, other in self._subs.items() if other is not sub}
        place = lodging(self._home.path, spec, users, self._own)
        make(self._home.path, place)
        self._close(sub)
        sub.lodging, sub.user, sub.input = place, spec.user, open_input(place)
        if sub.lines or sub.plan:
            self._place(spec.unit, sub, place)
        return place

    def _launch(self, sub: SubPm, place: Lodging, effect: Spawn, spec: UnitSpec) -> None:
        run = Run(effect.unit, effect.run, effect.step, self._home.jobs.new())
        sub.tell, writer = os.pipe()
        os.set_blocking(sub.tell, False)
        os.set_blocking(writer, False)
        fds = {**output(spec, self._logs), INPUT_FD: sub.input, TELL_FD: writer}
        made = Order(self._argv(place, spec.mode), environment(spec, self._home, run.job), fds)
        made.user = spec.user if place.uid != os.geteuid() else ""
        made.nice, made.rlimits, made.umask = spec.nice, spec.rlimits, spec.umask
        parameter = describe(run, made.argv, self._home.system.wall())
        try:
            sub.alive = self._runs.launch(run, made, parameter)
            sub.number = run.number
        finally:
            os.close(writer)
        self._watch(effect.unit, sub)

    def _argv(self, place: Lodging, mode: str) -> list[str]:
        words = ["run", "--sub", "--mode", mode, "--home", place.home, "--feed", place.feed]
        words += ["--input-fd", str(INPUT_FD), "--tell-fd", str(TELL_FD)]
        return program.argv(program.here(), *words)

    # -- definitions, downwards --------------------------------------------------------------------
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
                sub.lines = share
                if sub.lodging is not None:
                    self._place(name, sub, sub.lodging, march)

    def _place(self, name: str, sub: SubPm, place: Lodging, march: bool = False) -> None:
        """Write the definitions, have the blobs copied, and tell it to load."""
        plan, data = feed.encode(sub.lines)
        feed.write(place.feed, plan, data, place.gid)
        sub.plan = plan
        specs = [UnitSpec.parse(loads(line.encode())) for line in sub.lines.values()]
        wanted = blob.named(specs)
        if not wanted:
            self._load(name, plan, march)
            return
        request = "".join(f"{key} {size}\n" for key, size in wanted.items()).encode()
        store = self._home.path + "/store"
        order(
            self._loop,
            request,
            lambda: feed.fill(store, place.feed, place.gid),
            lambda code: self._load(name, plan, march),
        )

    def _load(self, name: str, plan: str, march: bool) -> None:
        sub = self._subs.get(name)
        if sub is not None and sub.plan == plan:
            job = self._home.jobs.new()
            self.loading(name, job)
            self.send(name, job, "load", (plan, MARCH) if march else (plan,))

    def send(self, name: str, job: str, verb: str, args: Sequence[str]) -> bool:
        """One command for a sub-pm. False when it does not run, or its pipe is full."""
        sub = self._subs.get(name)
        if sub is None or sub.input < 0:
            return False
        try:
            return os.write(sub.input, command.encode(job, verb, tuple(args))) > 0
        except (OSError, command.CommandError):
            return False

    # -- states, upwards ---------------------------------------------------------------------------
    def _watch(self, name: str, sub: SubPm) -> None:
        if sub.tell >= 0 and not sub.watching:
            sub.watching = True
            self._loop.watch(sub.tell, lambda: self._hear(name, sub))

    def _hear(self, name: str, sub: SubPm) -> None:
        """It says that something changed. Look a moment later: however much it talks, we look
        some times a second."""
        self._loop.unwatch(sub.tell)
        sub.watching = False
        self._loop.at(self._loop.system.now() + CALM, lambda: self._look(name, sub))

    def _look(self, name: str, sub: SubPm) -> None:
        if self._subs.get(name) is not sub or sub.tell < 0:
            return
        try:
            ended = not os.read(sub.tell, 65536)
        except BlockingIOError:
            ended = False
        if ended:
            self._close(sub)
        else:
            self._watch(name, sub)
            self._announce(name, sub)
        self.publish(name)
        self.told(name)

    def _announce(self, name: str, sub: SubPm) -> None:
        """Its first word: it has begun, and shows its states."""
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
        value = {
            "v": 1,
            "read": self._home.system.wall(),
            "alive": sub.alive,
            "status": report.status or {"v": 1, "units": {}},
            "sub": report.sub,
        }
        sub.report = value
        self._home.pending.put(self._file(name), dumps(value) + b"\n", REPLACED, MODE)
        self._home.pending.flush()
        self.shown()

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

    def alive(self, name: str) -> bool:
        sub = self._subs.get(name)
        return sub is not None and sub.alive

    def names(self) -> list[str]:
        return list(self._subs)

    # -- ends --------------------------------------------------------------------------------------
    def over(self, run: Run) -> None:
        """A run of a sub-pm is over."""
        sub = self._subs.get(run.unit)
        if sub is not None and run.step == states.START:
            sub.alive = False
            self._close(sub)
            self.publish(run.unit)
            self.told(run.unit)

    def drop(self, name: str) -> None:
        """The unit is gone for good."""
        sub = self._subs.pop(name, None)
        if sub is not None:
            self._close(sub)
            self._home.pending.remove(self._file(name))
            self.told(name)

    def _close(self, sub: SubPm) -> None:
        if sub.tell >= 0:
            self._loop.unwatch(sub.tell)
            os.close(sub.tell)
        if sub.input >= 0:
            os.close(sub.input)
        sub.tell = sub.input = -1
        sub.watching = False

    def _file(self, name: str) -> str:
        return f"{self._home.path}/public/sub/{quote(name)}.json"

    # -- over a change of program ------------------------------------------------------------------
    def dump(self) -> dict[str, Any]:
        return {name: self._row(sub) for name, sub in self._subs.items()}

    def _row(self, sub: SubPm) -> dict[str, Any]:
        place = list(sub.lodging) if sub.lodging else None
        keys = ("lines", "plan", "user", "input", "tell", "alive", "number")
        return {"lodging": place, **{key: getattr(sub, key) for key in keys}}

    def restore(self, rows: dict[str, Any]) -> None:
        """Go on with the pipes of the program before, and hand the new program down."""
        for name, row in rows.items():
            sub = self._subs[name] = SubPm()
            for key, value in row.items():
                setattr(sub, key, value)
            sub.lodging = Lodging(*row["lodging"]) if row["lodging"] else None
            self._watch(name, sub)
            if sub.alive and sub.lodging is not None:
                make(self._home.path, sub.lodging)  # HOME has its own modes again
                self.send(name, self._home.jobs.new(), "reexec", (program.here(),))

    def fds(self) -> list[int]:
        return [fd for sub in self._subs.values() for fd in (sub.input, sub.tell) if fd >= 0]
