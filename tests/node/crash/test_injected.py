"""pm is killed, or a call of it fails, anywhere in what it does: it recovers every time.

After each fault: one living process for each unit that is wanted, none for any other; what is held
is the old plan or the new one, whole; and the same order, given once more, is carried out.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.node.trust import forge
from tests.node.trust.bench import Keys
from tests.node.trust.livenode import PROGRAM, READY, Node
from tests.support import injector
from tests.support.injector import Point
from tests.support.proofs import Proof
from tests.support.wait import until

from enve_pm.wire import record

pytestmark = [pytest.mark.real, pytest.mark.strace]
PATIENCE = 3  # seconds that the writer waits for a pm that may be dead
FEW = 8  # points of each order in a run of every commit
PIECES = {"march": 5, "restart": 2, "reexec": 40}
CAMPAIGN = "deaths and failed calls in a {}"
ONE = ("web", "db")
OTHER = ("web",)


@pytest.fixture(scope="module")
def keys() -> Iterator[Keys]:
    made = Keys(["alice"])
    yield made
    made.home.close()


class Subject:
    """A node with a plan that goes to and fro between two forms."""

    def __init__(self, root: Path, keys: Keys) -> None:
        self.node = Node(root, keys)
        self._keys = keys
        now = int(time.time())
        self.plan = forge.Plan.of(self._lines(0), issued=now, expires=now + 86_400)
        self.turn = 0
        self.node.start()
        self.march(again=True)
        self.settled(ONE)

    @property
    def pid(self) -> int:
        """Of pm itself."""
        return int(self.node.status()["pid"])

    @property
    def wanted(self) -> tuple[str, ...]:
        return OTHER if self.turn % 2 else ONE

    @property
    def ended(self) -> bool:
        """pm, and all below it."""
        return self.node.process is None or self.node.process.poll() is not None

    @staticmethod
    def _lines(turn: int) -> dict[str, str]:
        names = OTHER if turn % 2 else ONE
        return {name: forge.line(name, ready=READY, nice=turn % 2) for name in names}

    # -- orders -----------------------------------------------------------------------------------
    def march(self, again: bool) -> None:
        """The other form of the plan; `again`: the one that was sent last, until it is there."""
        if not again:
            self.turn += 1
            self.plan = self.plan.after(self._lines(self.turn))
        stream = self.plan.stream(self._keys.sign("alice"))
        said = self._answer(self.node.sending(stream, PATIENCE), again)
        assert not again or _verdict(said) in ("applied", "duplicate"), said

    def client(self, *words: str) -> Callable[[bool], None]:
        """An order of pm's own client."""

        def order(again: bool) -> None:
            argv = [sys.executable, "-I", "-S", str(PROGRAM), *words, "--home", str(self.node.home)]
            pipe = subprocess.PIPE
            self._answer(subprocess.Popen(argv, stdout=pipe, stderr=subprocess.STDOUT), again)

        return order

    def _answer(self, sender: subprocess.Popen[bytes], again: bool) -> bytes:
        """What it says of pm's answer."""
        with sender:
            try:
                until(lambda: sender.poll() is not None or self.ended, "an answer")
            finally:
                sender.kill()  # of a pm that has ended it would still hope for one
            said = sender.communicate()[0]
        assert not again or sender.returncode == 0, said
        return said

    # -- what must hold ---------------------------------------------------------------------------
    def settled(self, *allowed: tuple[str, ...], after: object = "") -> None:
        """One of these sets of units runs, each once."""

        def good() -> bool:
            states = self.node.states()
            whole = tuple(sorted(states)) in {tuple(sorted(names)) for names in allowed}
            return whole and set(states.values()) == {"RUNNING"} and self._once(states)

        try:
            until(good, f"one of {allowed} to run, and nothing else, after {after}", 60)
        except AssertionError as late:
            raise AssertionError(f"{late}; {self.node.states()}, {self.living()}") from None

    def _once(self, names: object) -> bool:
        found = self.living()
        return sorted(found) == sorted(names)  # type: ignore[call-overload, no-any-return]

    def living(self) -> list[str]:
        """The units of all processes that bear the mark of this pm."""
        place = f"SPOT_DIR={self.node.home}/spots/".encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                for row in (entry / "environ").read_bytes().split(b"\0"):
                    if row.startswith(place):
                        found.append(row[len(place) :].decode())
        return found

    def revive(self) -> None:
        """Whoever restarts pm does so, if it has ended."""
        assert self.node.process is not None
        with suppress(subprocess.TimeoutExpired):
            self.node.process.wait(0.2)
        if self.ended:
            self.node.start()

    def renew(self) -> None:
        """The same node under a pm that has come from nothing but its files."""
        self.node.end()
        self.node.start()
        self.settled(self.wanted)


@pytest.fixture
def subject(tmp_path: Path, keys: Keys) -> Iterator[Subject]:
    made = Subject(tmp_path, keys)
    yield made
    made.node.end()


ORDERS: dict[str, Callable[[Subject], Callable[[bool], None]]] = {
    "march": lambda subject: subject.march,
    "restart": lambda subject: subject.client("restart", "web", "--timeout", "3"),
    "reexec": lambda subject: subject.client("reexec", "--timeout", "3"),
}


def _verdict(said: bytes) -> str:
    return str(record.parse_ack(said.splitlines()[-1]).verdict)


def strike(subject: Subject, order: Callable[[bool], None], point: Point) -> bool:
    """One fault; then everything is as it should be. Whether pm came to the point at all."""
    before = subject.wanted
    log = subject.node.home.parent / "struck"
    lost = suppress(AssertionError, subprocess.SubprocessError)
    with lost, injector.injected(subject.pid, point, log):
        order(False)
    subject.revive()
    subject.settled(before, subject.wanted, after=point)
    until(lambda: _given(order), f"the order to be carried out after {point}")
    subject.settled(subject.wanted, after=point)
    return injector.met(log)


def _given(order: Callable[[bool], None]) -> bool:
    try:
        order(True)
    except (AssertionError, subprocess.SubprocessError):
        return False
    return True


def campaign(
    subject: Subject, name: str, tmp_path: Path, choose: Callable[[list[Point]], list[Point]]
) -> dict[str, int]:
    """Strike at the chosen ones of all points that the order has. How many recovered, and how many
    of these pm came to: one that was carried over has a few calls less than the counted one, so
    what is missed there is struck in a new one."""
    order = ORDERS[name](subject)
    with injector.counted(subject.pid, tmp_path / "calls") as calls:
        order(False)
    subject.settled(subject.wanted)
    struck = [_struck(subject, order, point) for point in choose(injector.points(calls))]
    return {"recovered": len(struck), "met": sum(struck)}


def _struck(subject: Subject, order: Callable[[bool], None], point: Point) -> bool:
    if strike(subject, order, point):
        return True
    subject.renew()
    return strike(subject, order, point)


def deaths(every: list[Point]) -> list[Point]:
    """A few, spread evenly."""
    return injector.spread([point for point in every if point.fault == injector.KILL], FEW)


@pytest.mark.parametrize("name", ORDERS)
def test_some_points(name: str, subject: Subject, tmp_path: Path, proof: Proof) -> None:
    found = campaign(subject, name, tmp_path, deaths)
    proof(CAMPAIGN.format(name), **found)
    assert FEW / 2 <= found["met"] <= FEW


@pytest.mark.parametrize(
    ("name", "call", "numbers"),
    [
        ("restart", "write", range(1, 4)),  # a signal's byte in the loop's own pipe is among them
        ("reexec", "read", range(2, 5)),  # what the new program says is among them
        ("march", "read", range(4, 7)),  # what gpgv says is among them
        ("march", "newfstatat", range(12, 15)),  # the blueprint, when a plan is taken up
    ],
)
def test_some_failures(name: str, call: str, numbers: range, subject: Subject) -> None:
    for number in numbers:
        strike(subject, ORDERS[name](subject), Point(call, number, "error=EIO"))


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("name", "piece"), [(name, piece) for name, many in PIECES.items() for piece in range(many)]
)
def test_every_point(name: str, piece: int, subject: Subject, tmp_path: Path, proof: Proof) -> None:
    """Every death, and every call that can fail: in pieces, as a reexec has thousands of them."""
    found = campaign(
        subject, name, tmp_path, lambda every: injector.share(every, piece, PIECES[name])
    )
    proof(CAMPAIGN.format(name), **found)
    assert found["met"] > 10
