"""A real pm beside a plain model of it: whatever is ordered, killed or broken, in any order, every
unit ends where the model says. A failure is told as a story of a few orders."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.support.box import Box, line
from tests.support.proofs import Proof
from tests.support.wait import until

pytestmark = pytest.mark.real
NEEDS: dict[str, tuple[str, ...]] = {"db": (), "file": (), "web": ("db",)}
STEPS = {"make": ["touch", "it"], "check": ["test", "-e", "it"], "undo": ["rm", "-f", "it"]}
REFUSED = 5
NAMES = st.sampled_from(sorted(NEEDS))
COUNTED: Counter[str] = Counter()


def unit(name: str, nice: int) -> dict[str, Any]:
    if name == "file":
        return line(name, kind="resource", check_every=100, **STEPS)
    return line(name, needs=list(NEEDS[name]), nice=nice)


class Node(RuleBasedStateMachine):
    """The model: which units are loaded, and which of them are wanted up."""

    @initialize()
    def begin(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="enve-node-"))
        self.box = Box(self.root, log=self.root / "log").start()
        self.up: dict[str, bool] = {}
        self.nice = 0
        COUNTED["examples"] += 1

    def teardown(self) -> None:
        if hasattr(self, "box"):
            self.box.end()
            shutil.rmtree(self.root)

    # -- what may happen --------------------------------------------------------------------------
    @rule(names=st.sets(NAMES), changed=st.booleans())
    def load(self, names: set[str], changed: bool) -> None:
        """These units and what they need, and no others."""
        self.nice = (self.nice + changed) % 5
        wanted = sorted(names.union(*(NEEDS[name] for name in names)))
        self.box.load(*(unit(name, self.nice) for name in wanted), march=True)
        self.up = dict.fromkeys(wanted, True)
        self._agree()

    @precondition(lambda self: self.up)
    @rule(name=NAMES)
    def stop(self, name: str) -> None:
        users = [n for n in self.up if name in NEEDS[n] and self.up[n]]
        if name in self.up:
            self.box.order("stop", name, status=REFUSED if users else 0)
            self.up[name] = bool(users)
        self._agree()

    @precondition(lambda self: self.up)
    @rule(name=NAMES)
    def start(self, name: str) -> None:
        if name in self.up:
            self.box.order("start", name)
            self.up.update(dict.fromkeys([name, *NEEDS[name]], True))
        self._agree()

    @precondition(lambda self: self.up)
    @rule(name=NAMES)
    def restart(self, name: str) -> None:
        if self.up.get(name):
            was = self.box.unit(name)["pid"]
            self.box.order("restart", name)
            assert name == "file" or self.box.unit(name)["pid"] != was
        self._agree()

    @precondition(lambda self: self.up)
    @rule(name=st.sampled_from(["db", "web"]))
    def kill_unit(self, name: str) -> None:
        if self.up.get(name):
            was = int(self.box.unit(name)["pid"])
            os.kill(was, signal.SIGKILL)
            until(lambda: self.box.unit(name)["pid"] not in (was, 0), f"{name} to be back")
        self._agree()

    @precondition(lambda self: self.up.get("file"))
    @rule()
    def break_what_was_made(self) -> None:
        made = self.box.home / "spots/file/it"
        made.unlink()
        until(made.exists, "it to be made again")
        self._agree()

    @precondition(lambda self: self.up)
    @rule()
    def kill_pm(self) -> None:
        self.box.kill()
        self._agree()

    # -- what must hold then ----------------------------------------------------------------------
    def _agree(self) -> None:
        COUNTED["steps"] += 1
        wanted = {name: "RUNNING" if up else "STOPPED" for name, up in self.up.items()}

        def states() -> dict[str, str]:
            return {name: shown["state"] for name, shown in self.box.listing().items()}

        until(lambda: states() == wanted, f"the states {wanted}")
        running = [self.box.unit(n)["pid"] for n, up in self.up.items() if up and n != "file"]
        alone = sorted(running)  # a check of the resource comes and goes beside them
        until(lambda: sorted(self.box.inside()) == alone, f"no process but {alone}")
        assert (self.box.home / "spots/file/it").exists() == self.up.get("file", False)


def _run(number: int, examples: int, steps: int, proof: Proof) -> None:
    COUNTED.clear()
    how = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(number)(Node), settings=how)  # type: ignore[no-untyped-call]
    proof("a real pm beside a model", **COUNTED)


def test_a_few_stories(proof: Proof) -> None:
    _run(1, 4, 15, proof)


@pytest.mark.nightly
@pytest.mark.parametrize("number", range(100, 120))
def test_many_stories(number: int, proof: Proof) -> None:
    _run(number, 10, 20, proof)
