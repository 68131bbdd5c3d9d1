"""A real pm in a folder of its own, fed with definitions as a sub-pm is, and spoken to by its own
client. No signatures: those are other tests' matter."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from enve_pm.hostinit.compiling import compile_all
from enve_pm.shell.product import feed
from tests.support import brood
from tests.support.wait import until

REMOTE = Path(__file__).parents[2] / "remote"
SLEEP = ["sleep", "1000"]


def line(name: str, **keys: Any) -> dict[str, Any]:
    """A unit of kind process that sleeps, unless the keys say otherwise."""
    base: dict[str, Any] = {"v": 1, "name": name}
    if keys.get("kind", "process") == "process":
        base.update(command=SLEEP, ready={"how": "wait", "ms": 10})
    return {**base, **keys}


@cache
def installed() -> Path:
    """The program as a node has it, unpacked and compiled: one copy for all tests of a run."""
    place = Path(tempfile.mkdtemp(prefix="enve-pm-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    for name in ("enve_pm", "enve_fire"):
        copy = place / name
        shutil.copytree(REMOTE / name, copy, ignore=shutil.ignore_patterns("__pycache__"))
    compile_all(str(place))
    place.chmod(0o755)
    return place / "enve_pm"


def stages() -> str:
    """What runs `VERB ARGUMENTS` of the stages, in that copy."""
    return str(installed().parent / "enve_fire" / "__main__.py")


class Box:
    """`run` options go to `pm run`. Everything below bears `mark` in its environment."""

    def __init__(
        self,
        root: Path,
        *run: str,
        program: Path | None = None,
        python: str = sys.executable,
        around: tuple[str, ...] = (),
        log: Path | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        self.home = root / "home"
        self.feed = root / "feed"
        self.feed.mkdir(parents=True, exist_ok=True)
        self.program = program or installed()
        self.python = python
        self.mark = uuid.uuid4().hex
        self.options = run
        self.uid = os.getuid()  # of who runs pm
        self.around = around  # words that run pm, such as those of unshare
        self.log = log  # where pm complains to; None: to a pipe of ours
        self.extra = extra or {}  # of the environment of pm and its client; units do not get it
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Box:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    # -- its life ---------------------------------------------------------------------------------
    def start(self) -> Box:
        self.spawn()
        until(lambda: "running, pid" in self.pm("status").stdout, "pm to be up")
        return self

    def spawn(self) -> None:
        """Start it, and wait for nothing."""
        words = ["run", "--sub", "--feed", str(self.feed), *self.options]
        argv = [*self.around, *self._argv(words)]
        stderr = self.log.open("ab") if self.log else subprocess.PIPE
        self.process = subprocess.Popen(argv, env=self._env(), stderr=stderr)
        if self.log:
            stderr.close()

    def end(self) -> None:
        """In order if it still listens; then nothing may be left."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        finally:
            until(lambda: not brood.marked(self.mark), "everything of pm's own to be gone", 30)
            until(lambda: not self.inside(), "everything of its units to be gone", 30)

    def kill(self, before: Callable[[], object] = lambda: None) -> None:
        """pm dies all at once, and is started again; `before`: what happens to HOME meanwhile."""
        assert self.process is not None
        os.kill(self.pids()[1], signal.SIGKILL)
        self.process.communicate(timeout=30)
        before()
        self.start()

    def root(self) -> Path:
        """/ as pm sees it."""
        return Path(f"/proc/{self.pids()[1]}/root")

    def pids(self) -> tuple[int, int]:
        """(watchdog, pm)."""
        assert self.process is not None
        return self.process.pid, int(self.status()["pid"])

    # -- talking to it ----------------------------------------------------------------------------
    def pm(self, *words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._argv(words),
            env=self._env(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def order(self, *words: str, status: int = 0) -> str:
        """A command of the client; what it said is given back."""
        done = self.pm(*words)
        assert done.returncode == status, done.stderr
        return str(done.stderr)

    def load(self, *lines: dict[str, Any], status: int = 0, march: bool = False) -> str:
        """These units and no others; nested ones by names such as `pm1.web`. 3: some fail. `march`:
        also against what was set by hand. What it said is given back."""
        texts = {
            one["name"]: json.dumps(one, sort_keys=True, separators=(",", ":")) for one in lines
        }
        name, data = feed.encode(texts)
        feed.write(str(self.feed), name, data, self.uid)
        done = self.pm("load", name, *(["march"] if march else []))
        assert done.returncode == status, done.stderr
        return str(done.stderr)

    def parameter(self, name: str, line: dict[str, Any]) -> None:
        """Put a unit's line on the disk, as a pm that died at once would have left it."""
        file = self.home / "units" / name / "parameter"
        file.write_text(json.dumps(line, sort_keys=True, separators=(",", ":")))

    # -- what it shows ----------------------------------------------------------------------------
    def status(self) -> dict[str, Any]:
        shown: dict[str, Any] = json.loads((self.home / "public" / "status.json").read_text())
        return shown

    def listing(self) -> dict[str, Any]:
        shown: dict[str, Any] = json.loads(self.pm("list", "-o", "json").stdout)
        return shown

    def unit(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.listing().get(name, {})
        return found

    def wait(self, name: str, state: str, deadline: float = 30) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            unit = self.unit(name)
            return unit if unit.get("state") == state else None

        return until(look, f"{name} to be {state}", deadline, 0.02) or {}

    def inside(self) -> list[int]:
        """All living processes of its units (not of sub-pms'), by their environment."""
        place = f"SPOT_DIR={self.home}/".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    found += [int(entry.name)] * (place in (entry / "environ").read_bytes())
        return found

    def _argv(self, words: Any) -> list[str]:
        return [self.python, "-I", "-S", str(self.program / "__main__.py"), *words]

    def _env(self) -> dict[str, str]:
        own = {"PATH": os.environ["PATH"], "PMHOME": str(self.home), brood.MARK: self.mark}
        return {**self.extra, **own}
