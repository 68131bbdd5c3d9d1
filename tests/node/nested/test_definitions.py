"""Definitions that cannot be handed down: they are tried again, and nobody takes them for done."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.node.shell.fake import FakeSystem
from tests.support.box import line

from enve_pm.core.canonical import dumps
from enve_pm.resource.child import SubPm
from enve_pm.resource.definitions import AGAIN, Definitions
from enve_pm.resource.lodging import Lodging
from enve_pm.resource.nestedmarch import NestedMarch
from enve_pm.shell.events.loop import Loop
from enve_pm.shell.state.home import Home
from enve_pm.wire import command


def text(unit: dict[str, Any]) -> str:
    return dumps(unit).decode()


LINES = {"pm1.web": text(line("pm1.web"))}


class Bench:
    """A parent with one sub-pm, pm1, that runs; its feed is where the test puts it."""

    def __init__(self, path: Path) -> None:
        self.system = FakeSystem()
        self.loop = Loop(self.system)
        self.feed = path / "feed"
        self.sub = SubPm()
        self.sub.lodging = Lodging(os.getuid(), os.getgid(), str(path), str(path), str(self.feed))
        self.sub.alive = True
        self.reader, self.sub.input = os.pipe()
        os.set_blocking(self.reader, False)
        os.set_blocking(self.sub.input, False)
        self.down = Definitions(self.loop, Home(str(path), self.system), {"pm1": self.sub})
        up = SimpleNamespace(alive=lambda name: True, report=lambda name: {}, answer=self.answer)
        up.publish = lambda name: None
        self.answers: dict[str, tuple[int, str]] = {}
        machine: Any = SimpleNamespace(units={"pm1": SimpleNamespace(want="up")})
        subs: Any = SimpleNamespace(down=self.down, up=up)
        self.march = NestedMarch(subs, lambda: machine)

    def answer(self, name: str, job: str) -> tuple[int, str] | None:
        return self.answers.get(job)

    def heard(self) -> list[command.Command]:
        try:
            rows = os.read(self.reader, 65536).splitlines()
        except BlockingIOError:
            return []
        return [command.parse(row) for row in rows]

    def later(self) -> None:
        self.system.time += AGAIN
        self.loop.turn(self.system.time)

    def settled(self, *names: str) -> tuple[dict[str, tuple[str, str]], bool, bool]:
        return self.march.progress(names or ("pm1.web",))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    os.close(bench.reader)
    os.close(bench.sub.input)


def test_what_the_disk_does_not_take_is_handed_down_later(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.down.below(LINES, True)
    bench.later()
    assert bench.heard() == []
    assert bench.settled()[1] is False
    assert capfd.readouterr().err.count("cannot be told what to run") == 1
    bench.feed.mkdir()
    bench.later()
    [order] = bench.heard()
    assert (order.verb, order.args[1:]) == ("load", ("march",))
    bench.later()
    assert bench.heard() == []  # once is enough
    assert bench.settled()[1] is False  # not before it has answered


def test_newer_ones_take_the_place_of_those_that_wait(bench: Bench) -> None:
    bench.down.below(LINES, False)
    bench.feed.mkdir()
    bench.down.below({"pm1.db": text(line("pm1.db"))}, False)
    assert [order.verb for order in bench.heard()] == ["load"]
    bench.later()
    assert bench.heard() == []


def test_a_full_pipe_is_no_end(bench: Bench) -> None:
    bench.feed.mkdir()
    with pytest.raises(BlockingIOError):
        while True:
            os.write(bench.sub.input, b"x" * 4096)
    bench.down.below(LINES, False)
    assert bench.settled()[1] is False
    with pytest.raises(BlockingIOError):
        while True:
            os.read(bench.reader, 65536)
    bench.later()
    assert [order.verb for order in bench.heard()] == ["load"]


def test_while_blobs_are_copied_nothing_is_settled(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[Any] = []
    monkeypatch.setattr(
        "enve_pm.resource.definitions.order", lambda loop, rows, work, done: ended.append(done)
    )
    bench.feed.mkdir()
    files = {"a": {"sha256": "0" * 64, "size": 1, "mode": 0o600}}
    bench.down.below({"pm1.web": text(line("pm1.web", files=files))}, False)
    assert bench.settled()[1] is False
    assert not bench.down.quiet
    ended[0](0)
    assert bench.down.quiet
    assert [order.verb for order in bench.heard()] == ["load"]


def test_a_load_that_went_wrong_is_no_success(bench: Bench) -> None:
    bench.feed.mkdir()
    bench.down.below(LINES, False)
    [order] = bench.heard()
    bench.answers[order.job] = (3, "web: place:disk: full\ndb: exit:1")
    bench.march.look("pm1")
    spots, settled, well = bench.settled()
    assert (spots["pm1.web"][1], settled, well) == ("place:disk: full", True, False)
    assert bench.settled("pm1.other")[2] is True  # of another lane, and not spoken of
    bench.down.below({"pm1.db": text(line("pm1.db"))}, False)
    [order] = bench.heard()
    bench.answers[order.job] = (64, "not loaded: the definitions are broken")
    bench.march.look("pm1")
    assert bench.settled("pm1.other")[2] is False
    bench.down.below(LINES, False)
    [order] = bench.heard()
    bench.answers[order.job] = (0, "")
    bench.march.look("pm1")
    assert bench.settled()[1:] == (True, True)


def test_of_a_pm_that_does_not_run_what_was_dropped_is_gone(bench: Bench) -> None:
    failed = {"state": "FAIL", "result": "exit:1", "detail": "", "name": "pm1", "want": "up"}
    unit = SimpleNamespace(**failed, again=False, renew=False, rest=False, stuck=False)
    bench.march._machine = lambda: SimpleNamespace(units={"pm1": unit})
    bench.march._subs.up.alive = lambda name: False
    spots, settled, well = bench.march.progress(("pm1.web", "pm1.old"), {"pm1.old"})
    assert (set(spots), settled, well) == ({"pm1.web"}, True, False)
    assert bench.march.progress(("pm1.old",), {"pm1.old"}) == ({}, True, True)
