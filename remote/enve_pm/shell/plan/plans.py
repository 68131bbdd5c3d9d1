"""What a node holds, on disk: the accepted plans and the trust state ("Accepting", 6).

    plans/LANE/SERIAL/stream part blobs     written and synced first
    trust/state.json                        then renamed: the single commit point

A crash before the rename leaves the old state and perhaps a folder that nobody names; after it,
the new one. Services run on in both cases.
"""

from __future__ import annotations

from enve_pm.core import part as parts
from enve_pm.core.canonical import dumps, loads
from enve_pm.core.lean import namedtuple
from enve_pm.core.refusal import STORAGE, FormatError, Refused
from enve_pm.shell.state.disk import replace
from enve_pm.wire import head as heads
from enve_pm.wire import stream as streams
from enve_pm.wire import truststate
from enve_pm.wire.truststate import Lane, State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.core.part import Part
    from enve_pm.shell.state.disk import Disk

NEW = ".new"
_STREAM, _PART, _BLOBS = "stream", "part", "blobs"

# One accepted plan. head: its bytes; hash: of the head; blobs: the sha256 of every file that its
# lines name; data: the stream as it came, only on its way to the disk (held: b"")
Plan = namedtuple("Plan", "lane serial hash head sigs part proof blobs data")


class Plans:
    """`held`: {lane: Plan} as committed; `degraded`: a write that had to last may not have."""

    def __init__(self, disk: Disk, home: str, keep: int = truststate.GENERATIONS) -> None:
        self.disk = disk
        self.home = home
        self.keep = keep
        self.degraded = ""
        self.state: State = truststate.EMPTY
        self.held: dict[str, Plan] = {}
        self.damaged: dict[str, str] = {}  # lane -> why its held plan cannot be read

    # -- reading ----------------------------------------------------------------------------------
    def load(self) -> None:
        """Read the state and every held plan. A state that cannot be read is an error (OSError,
        FormatError): with an empty one in its place old plans would be accepted again."""
        self.state = self._read_state()
        self.held, self.damaged = {}, {}
        for lane, known in self.state.lanes.items():
            try:
                self.held[lane] = self._read_plan(lane, known)
            except (OSError, FormatError) as error:
                self.damaged[lane] = str(error)

    def _read_state(self) -> State:
        try:
            return truststate.parse_state(self.disk.read(self._trust("state.json"), 4 << 20))
        except FileNotFoundError:
            return truststate.EMPTY

    def _read_plan(self, lane: str, known: Lane) -> Plan:
        folder = self._folder(lane, known.serial)
        data = self.disk.read("%s/%s" % (folder, _STREAM), streams.SIZE)
        stream = streams.decode(data)
        part = parts.parse(self.disk.read("%s/%s" % (folder, _PART), parts.SIZE))
        blobs = loads(self.disk.read("%s/%s" % (folder, _BLOBS), parts.SIZE))
        if heads.name(stream.head) != known.hash or part.leaf().hex() != known.leaf:
            raise FormatError("%s is not what was accepted" % folder)
        return Plan(
            lane,
            known.serial,
            known.hash,
            stream.head,
            stream.sigs,
            part,
            stream.proof,
            frozenset(blobs),
            b"",
        )

    def part(self, lane: str) -> Part:
        """What is held in a lane of the state: no lines where they cannot be read any more."""
        part: Part = self.held[lane].part if lane in self.held else parts.Part({}, {})
        return part

    def blobs(self) -> set[str]:
        """Every blob that a kept generation of any lane names. Raises OSError, FormatError."""
        named: set[str] = set()
        for lane, known in self.state.lanes.items():
            for serial in known.generations:
                path = "%s/%s" % (self._folder(lane, serial), _BLOBS)
                named.update(loads(self.disk.read(path, parts.SIZE)))
        return named

    # -- the commit -------------------------------------------------------------------------------
    def commit(self, plan: Plan) -> None:
        """Accept a plan. Refused(storage): nothing has changed. When it returns the plan is held,
        and `degraded` says whether that may not survive a power cut."""
        old = self.state.lanes.get(plan.lane)
        lane = self._lane(plan, old)
        state = self.state._replace(lanes={**self.state.lanes, plan.lane: lane})
        try:
            self._write_plan(plan)
            self._write_state(state)
        except OSError as error:
            if not self._on_disk(state):
                self._drop(plan)
                raise Refused(STORAGE, "not stored: %s" % (error.strerror or error)) from None
        self._commit_point(state)
        self.held[plan.lane] = plan._replace(data=b"")
        self.damaged.pop(plan.lane, None)
        self.prune(plan.lane)

    def _lane(self, plan: Plan, old: Lane | None) -> Lane:
        before = () if old is None else old.generations
        kept = tuple(serial for serial in before if serial != plan.serial)
        return Lane(
            plan.serial,
            plan.hash,
            plan.part.leaf().hex(),
            plan.part.header["salt"],
            0 if old is None else old.active,
            (*kept, plan.serial)[-self.keep :],
        )

    def _write_plan(self, plan: Plan) -> None:
        """Everything but the state, in a folder that bears its name only when it is whole."""
        lane = self.home + "/plans/" + plan.lane
        new = "%s/%s" % (lane, NEW)
        if plan.lane not in self.state.lanes:
            self.disk.make_folder(lane)
            self.disk.sync(self.home + "/plans")
        self.disk.remove_folder(new)
        self.disk.make_folder(new)
        for name, data in (
            (_STREAM, plan.data),  # as it came: head, signatures and proof are read from it again
            (_PART, plan.part.encode()),  # put together, whatever the stream carried
            (_BLOBS, dumps(sorted(plan.blobs))),
        ):
            self.disk.create("%s/%s" % (new, name), data)
        self.disk.sync(new)
        self.disk.remove_folder(self._folder(plan.lane, plan.serial))  # of a commit that crashed
        self.disk.rename(new, self._folder(plan.lane, plan.serial))
        self.disk.sync(lane)

    def _write_state(self, state: State) -> None:
        new = self._trust(".state.json.new")
        self.disk.remove(new)
        self.disk.create(new, truststate.encode_state(state))
        self.disk.rename(new, self._trust("state.json"))

    def _commit_point(self, state: State) -> None:
        """The rename is done. What goes wrong now does not undo it."""
        self.state = state
        try:
            self.disk.sync(self.home + "/trust")
        except OSError as error:
            self.degraded = error.strerror or str(error)

    def _on_disk(self, state: State) -> bool:
        """After an error that leaves it open whether the rename was done: what does it say?"""
        try:
            return self._read_state() == state
        except (OSError, FormatError):
            return False

    def _drop(self, plan: Plan) -> None:
        """Remove what a failed commit has written; what stays is cleared by the next one."""
        lane = "%s/plans/%s" % (self.home, plan.lane)
        try:
            self.disk.remove(self._trust(".state.json.new"))
            self.disk.remove_folder("%s/%s" % (lane, NEW))
            self.disk.remove_folder("%s/%d" % (lane, plan.serial))
        except OSError:
            return

    # -- afterwards -------------------------------------------------------------------------------
    def activate(self, lane: str, serial: int) -> None:
        """Note that the state of a held plan was reached. Raises OSError."""
        known = self.state.lanes[lane]._replace(active=serial)
        state = self.state._replace(lanes={**self.state.lanes, lane: known})
        replace(self.disk, self._trust("state.json"), truststate.encode_state(state))
        self.state = state

    def prune(self, lane: str) -> None:
        """Remove the folders of generations that the state does not name any more."""
        kept = {str(serial) for serial in self.state.lanes[lane].generations}
        folder = self.home + "/plans/" + lane
        try:
            for name in self.disk.names(folder):
                if name not in kept:
                    self.disk.remove_folder("%s/%s" % (folder, name))
        except OSError:
            return  # tried again with the next plan

    def probe(self) -> None:
        """Before a plan is taken: does the disk make things last again? Refused(storage)."""
        if not self.degraded:
            return
        path = self._trust(".probe")
        try:
            self.disk.remove(path)
            self.disk.create(path, b"probe\n")
            self.disk.sync(self.home + "/trust")
            self.disk.remove(path)
            self.load()
        except (OSError, FormatError) as error:
            raise Refused(STORAGE, "the disk does not keep what is written: %s" % error) from None
        self.degraded = ""

    # -- places -----------------------------------------------------------------------------------
    def _trust(self, name: str) -> str:
        return "%s/trust/%s" % (self.home, name)

    def _folder(self, lane: str, serial: int) -> str:
        return "%s/plans/%s/%d" % (self.home, lane, serial)
