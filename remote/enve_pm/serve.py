"""pm's own process: the Pm of `app`, its sub-pms, its watchdog, and the programs that follow it."""

from __future__ import annotations

import os

from enve_pm.app import Pm
from enve_pm.app.carried import SPOKEN
from enve_pm.core import nesting
from enve_pm.core.machine import Machine
from enve_pm.core.unit import SUBPM
from enve_pm.resource.below import Below
from enve_pm.shell.events import pipes
from enve_pm.shell.events.reopen import Reopen
from enve_pm.shell.extent import is_system
from enve_pm.shell.guard.lifeline import Lifeline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from enve_pm.resource.below import Parts
    from enve_pm.resource.loading import Loading
    from enve_pm.resource.run import Run
    from enve_pm.shell.guard.post import Post
    from enve_pm.shell.guard.reexec import Reexec


def serve(post: Post, feed: str = "", tell: int = -1, mode: str = "", first: str = "") -> int:
    """Be the pm that `watchdog.split` made us; with `feed`, `tell` (a descriptor) and `mode` the
    sub-pm of another one. `first`: the file of its init stream. Returns the exit status."""
    seat = Seat(post, feed, tell, mode, first)
    seat.begin(None)
    return seat.pm.run()


def resume(arguments: list[str]) -> int:
    """`_resume FD KEY=VALUE...`: go on where another program of pm stood a moment ago."""
    from enve_pm.shell.guard import reexec

    post, carried = reexec.resumed(int(arguments[0]), arguments[1:])
    state = carried["pm"]
    seat = Seat(post, state["feed"], state["tell"], state["mode"], state.get("first", ""))
    seat.begin(state, carried["job"])
    del state, carried  # a big one, and we live long
    return seat.pm.run()


def trial(arguments: list[str]) -> int:
    """`_try FD`: can this program go on with that state? Prints ok, or says why not."""
    from enve_pm.shell.guard import carry

    try:
        _load(carry.unpack(int(arguments[0]))["pm"])
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
        return 1
    print("ok", flush=True)
    return 0


def _load(state: dict[str, Any]) -> None:
    """Take up the state as far as that touches nothing."""
    from enve_pm.shell.guard import carry

    if state["v"] not in SPOKEN:
        raise carry.Unreadable(f"pm's state has version {state['v']}; this program reads {SPOKEN}")
    pm = Pm("/")
    Machine.load(state["machine"], pm.system.now())
    pm.engine.runs.restore(state["runs"])
    pm.owner.restore(state["goals"])


class Seat:
    """One pm with all that is around it."""

    def __init__(self, post: Post, feed: str, tell: int, mode: str, first: str) -> None:
        pm = self.pm = Pm(post.home, post.input, post.pipe, post.path)
        self.feed = feed
        self.tell = tell
        self.mode = mode
        self.first = first
        kind = self._kind()
        pm.home.passable = nesting.letter(kind) == nesting.ROOT
        self.below = Below(lambda: self._below(kind))
        self.life = Lifeline(pm.loop, post)
        self.change: Reexec | None = None  # once it is asked for
        self.loading: Loading | None = None
        self.pipes = Reopen(pm.loop, self.life, self._listen())
        self._join()

    def _kind(self) -> str:
        """Of which kind this pm is (see `nesting`): the node's own is rootpm with the rights of
        root over this machine, userpm for one login."""
        if self.mode in nesting.INSIDE:
            return self.mode
        if self.mode:  # as programs before walls say it
            return nesting.kind(self.mode)
        return nesting.ROOTPM if is_system(self.pm.home.path, self.pm.pipe) else nesting.USERPM

    def _join(self) -> None:
        pm, owner = self.pm, self.pm.owner
        self._turn, pm.loop.after = pm.loop.after, self._turned
        pm.engine.kinds[SUBPM] = self.below
        pm.engine.runs.over = self._over
        pm.rollout.below = self.below.hand_down
        pm.streams.nested = self.below.by_hand
        self._dropped, pm.board.dropped = pm.board.dropped, self._drop
        pm.reports.nested = self.below.progress
        owner.relay = self.below.take
        owner.verbs["reexec"] = self._reexec
        self._set_property, owner.verbs["set-property"] = owner.verbs["set-property"], self._set
        if self.feed:
            from enve_pm.resource.loading import Loading

            home = pm.home.path
            self.loading = Loading(pm.loop, home, self.feed, pm.load, owner.finish)
            owner.verbs["load"] = self.loading.command
        else:
            owner.verbs["load"] = self._trust_again
        self.life.beat, self.life.helpers = self._at_beat, pm.helpers
        self.life.over = pm.logs.close
        if self.tell >= 0:
            os.set_inheritable(self.tell, False)
            os.set_blocking(self.tell, False)
            pm.board.shown = owner.answered = self._tell

    def _below(self, kind: str) -> Parts:
        from enve_pm.resource.nestedmarch import NestedMarch
        from enve_pm.resource.relay import Relay
        from enve_pm.resource.subpm import SubPms

        pm, engine = self.pm, self.pm.engine
        subs = SubPms(pm.loop, pm.home, pm.logs, engine.runs, engine.emit, kind)
        relay = Relay(pm.loop, subs, pm.owner.finish)
        nested = NestedMarch(subs, lambda: engine.machine)
        subs.active = engine.active
        subs.up.told = self._told
        nested.moved = pm.reports.check
        if self.tell >= 0:
            subs.up.shown = self._tell
        return subs, relay, nested

    def _reexec(self, job: str, args: Sequence[str]) -> None:
        if self.change is None:
            from enve_pm.shell.guard.reexec import Reexec

            self.change = Reexec(self.pm.loop, self.life, self, self.pm.owner.finish)
        self.change.command(job, args)

    def begin(self, state: dict[str, Any] | None, job: str = "") -> None:
        """Begin, or go on with a state; `job` asked for that."""
        self.pm.start(state)
        if state is not None:
            self.below.restore(state)
        if self.first and self.pm.acceptor is not None:
            from enve_pm.shell.plan.initial import Initial

            Initial(self.pm.loop, self.pm.acceptor, self.pm.home.path, self.first).begin()
        if job:
            self.pm.owner.finish(job, 0)

    def _listen(self) -> dict[str, Any]:
        pm = self.pm
        return {
            pipes.INPUT: lambda: pm.owner.listen(pm.input_fd),
            pipes.STREAMS: pm.streams.listen,
        }

    def _at_beat(self) -> None:
        """What is looked at now and then, as nobody would tell us."""
        self.pm.board.at_beat()
        if not self.feed:
            self.pipes.at_beat()

    def _trust_again(self, job: str, args: Sequence[str]) -> None:
        """Deploy was here: what it laid down counts, and the pipes are those that stand there."""
        self.pm.streams.look_again()
        try:
            self.pipes.look(pipes.STREAMS)
            self.pm.owner.finish(job, 0)
        except (pipes.NoFifo, OSError) as error:
            self.pm.owner.finish(job, 3, str(error))

    def _turned(self) -> None:
        self._turn()
        if self.change is not None:
            self.change.turned()

    def _told(self, name: str) -> None:
        """A sub-pm has news: for who waits for an answer from it, and for marches."""
        _, relay, nested = self.below.parts()
        relay.look(name)
        nested.look(name)
        self.pm.streams.set_by_hand()

    def _over(self, run: Run) -> None:
        self.pm.over(run)
        self.below.over(run)

    def _drop(self, unit: str) -> None:
        self._dropped(unit)
        self.below.drop(unit)

    def _set(self, job: str, args: Sequence[str]) -> None:
        """set-property, here or in a sub-pm."""
        from enve_pm.wire.command import Command

        if args and "." in args[0] and args[0] not in self.pm.engine.machine.units:
            self.below.take(Command(job, "set-property", tuple(args)))
        else:
            self._set_property(job, args)

    def _tell(self) -> None:
        """Our parent may look again. A full pipe says so already."""
        try:
            os.write(self.tell, b".")
        except OSError:
            pass

    # -- a change of program -----------------------------------------------------------------------
    @property
    def quiet(self) -> bool:
        loads = self.loading is not None and not self.loading.quiet
        return self.pm.quiet and self.below.quiet and not loads

    def settle(self) -> None:
        self.pm.board.settle()

    def dump(self) -> tuple[dict[str, Any], list[int]]:
        state, fds = self.pm.dump()
        state.update(
            **self.below.dump(),
            feed=self.feed,
            tell=self.tell,
            mode=self.mode,
            first=self.first,
        )
        return state, [*fds, *self.below.fds(), self.tell]
