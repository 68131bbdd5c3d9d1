"""A fleet at work for tests of what must change nothing: deployed, marched, and watched."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.support.fleet import Fleet
from tests.support.lab import Lab, SshNode
from tests.support.pmnode import PmNode

SPOTS: dict[str, Any] = {
    "*.db": {"run": "sleep 86400"},
    "*.web": {
        "run": "sleep 86400",
        "needs": "db",
        "files": {"web.conf": {"content": "greeting={{ greeting }}"}},
    },
}
VARS = {"greeting": "hello"}
LANES = ["main", "side"]


class Site:
    """`count` nodes that run `db` and `web` by alice's plan; `prepare` may change the fleet's
    inventory and blueprint before they are deployed."""

    def __init__(self, count: int = 3, prepare: Callable[[Fleet], None] | None = None) -> None:
        self.lab = Lab(count)
        self._prepare = prepare
        self._stack = ExitStack()

    def __enter__(self) -> Site:
        with ExitStack() as stack:
            stack.enter_context(self.lab)
            user = self.lab.nodes[0].user
            self.fleet = stack.enter_context(Fleet(self.lab.folder, self.lab.nodes, user=user))
            self.fleet.pms = {}
            self.fleet.keyholes[0]["lanes"] = LANES
            self.fleet.spots["low"] = {
                "user": user,
                "kinds": ["process"],
                "rlimits": {"nofile": "1K"},
            }
            if self._prepare is not None:
                self._prepare(self.fleet)
            self.fleet.write()
            self.fleet.deploy()
            self.march()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, value, trace)

    def node(self, name: str) -> SshNode:
        return next(node for node in self.lab.nodes if node.name == name)

    def pm(self, name: str) -> PmNode:
        return PmNode(self.node(name))

    @property
    def pms(self) -> list[PmNode]:
        return [PmNode(node) for node in self.lab.nodes]

    def plan(self, greeting: str = "hello", name: str = "plan", **spots: Any) -> Path:
        """The plan, with another greeting or further spots (`extra={...}`) where wanted."""
        more = {f"*.{spot}": content for spot, content in spots.items()}
        kept = self.fleet.plan({**SPOTS, **more}, "plan", vars={**VARS, "greeting": greeting})
        return kept if name == "plan" else kept.replace(self.lab.folder / f"{name}.yml")

    def march(self, *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """Marches the plan as it stands at first: also the way back after a test."""
        return self.fleet.march(self.plan(), *words, **more)

    def snapshot(self) -> dict[str, Any]:
        return {pm.name: pm.snapshot() for pm in self.pms}

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Whatever happens inside changes nothing on any node."""
        before = self.snapshot()
        yield
        after = self.snapshot()
        for name, was in before.items():
            for key, value in was.items():
                assert after[name][key] == value, f"{key} of {name} changed"

    def copy(self, name: str, into: str) -> Path:
        """A file of the site beside the original."""
        return Path(shutil.copy(self.lab.folder / name, self.lab.folder / into))


def screen(done: subprocess.CompletedProcess[str]) -> str:
    """All that was said; at most one screen, and never a traceback."""
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert len(said.splitlines()) <= 40, said
    return said
