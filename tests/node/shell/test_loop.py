from __future__ import annotations

import os
import signal

import pytest
from tests.node.shell.fake import FakeSystem

from enve_pm.shell.events.loop import Loop


@pytest.fixture
def loop() -> Loop:
    return Loop(FakeSystem())


def test_a_turn_takes_descriptors_children_and_timers_then_calls_after(loop: Loop) -> None:
    seen: list[object] = []
    reader, writer = os.pipe()
    system = loop.system
    assert isinstance(system, FakeSystem)
    system.ended = [(11, 0), (12, -9), (13, 1)]
    loop.child(11, lambda code: seen.append(("child", code)))
    loop.child(13, lambda code: seen.append(("child", code)))
    loop.strangers = seen.append
    loop.watch(reader, lambda: seen.append(os.read(reader, 9)))
    loop.at(1000, lambda: seen.append("due"))
    loop.at(1001, lambda: seen.append("not yet"))
    loop.after = lambda: seen.append("after")
    os.write(writer, b"news")
    loop.turn(None)
    assert seen == [b"news", ("child", 0), ("child", 1), [(12, -9)], "due", "after"]
    loop.unwatch(reader)
    os.close(reader)
    os.close(writer)


def test_a_child_is_told_once(loop: Loop) -> None:
    codes: list[int] = []
    system = loop.system
    assert isinstance(system, FakeSystem)
    loop.child(11, codes.append)
    system.ended = [(11, 3)]
    loop.turn(1000)
    loop.turn(1000)
    assert codes == [3]


def test_a_callback_may_unwatch_another(loop: Loop) -> None:
    pipes = [os.pipe(), os.pipe()]
    calls: list[int] = []

    def called(mine: int, other: int) -> None:
        calls.append(mine)
        loop.unwatch(other)

    (one, _), (two, _) = pipes
    loop.watch(one, lambda: called(one, two))
    loop.watch(two, lambda: called(two, one))
    for _, writer in pipes:
        os.write(writer, b"x")
    loop.turn(None)
    assert len(calls) == 1
    for pair in pipes:
        loop.unwatch(pair[0])
        os.close(pair[0])
        os.close(pair[1])


def test_a_timer_may_cancel_another_that_is_due_with_it(loop: Loop) -> None:
    calls: list[str] = []
    later = loop.at(1000, lambda: calls.append("later"))
    loop.at(999, lambda: loop.cancel(later))
    loop.turn(1000)
    assert calls == []


def test_a_signal_is_called_until_it_is_told(loop: Loop) -> None:
    told: list[str] = []
    loop.signal(signal.SIGUSR1, lambda: told.append("usr1"))
    loop.at(0, lambda: os.kill(os.getpid(), signal.SIGUSR1))
    loop.after = lambda: loop.stop(0) if told else None
    seen: list[bool] = []
    loop.at(0, lambda: seen.append(loop.called()))
    before = signal.getsignal(signal.SIGUSR1), signal.getsignal(signal.SIGCHLD)
    try:
        assert loop.run() == 0
    finally:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGUSR1, before[0])
        signal.signal(signal.SIGCHLD, before[1])
    assert seen == [True] and told == ["usr1"] and not loop.called()


def test_run_ends_with_the_code_of_stop(loop: Loop) -> None:
    loop._listen = lambda: None  # type: ignore[method-assign]  # signals are the process's own
    loop.at(1000, lambda: loop.stop(5))
    assert loop.run() == 5
