"""A placing that cannot even begin is told like one that failed: no later plan waits for it."""

from __future__ import annotations

import errno
import gc
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.node.shell.fake import FakeSystem

from enve_pm.app.placing import Placing
from enve_pm.shell.events.loop import Loop


def full(*_: Any, **__: Any) -> Any:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def descriptors() -> int:
    gc.collect()  # of tests before this one
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("call", ["os.pipe", "os.fork", "os.memfd_create", "os.set_blocking"])
def test_one_that_cannot_begin(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop(FakeSystem())
    told: list[dict[str, str]] = []
    done: Callable[[dict[str, str]], None] = told.append
    before = descriptors()
    if call == "os.memfd_create":  # and the folder that stands in for memory is full too
        monkeypatch.setattr("enve_pm.shell.events.branch.nameless", full)
    else:
        monkeypatch.setattr(call, full)
    Placing(loop, str(tmp_path), {"web": "{}"}, done)
    monkeypatch.undo()
    assert told == []
    loop.turn(1000)
    assert told == [{"web": "place:Too many open files"}]
    assert descriptors() == before
