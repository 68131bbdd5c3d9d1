"""A node's acceptor on a real loop, a real disk and real gpgv, without a pm around it."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.node.trust import forge
from tests.support.keys import KeyHome

from enve_pm.shell.events.loop import Loop
from enve_pm.shell.events.system import System
from enve_pm.shell.plan.accept import Acceptor
from enve_pm.shell.plan.answers import Accepted
from enve_pm.shell.state.disk import Disk
from enve_pm.wire import canonical, record

FOLDERS = ("trust/keys", "plans", "store", "public/acks", "run/inbox", "spots")


class Clocked(System):
    """The real system at a wall clock of the test's choice (unix seconds)."""

    def __init__(self, seconds: int) -> None:
        super().__init__()
        self.seconds = seconds

    def wall(self) -> int:
        return self.seconds * 1000


class Bench:
    """`ask(stream)` marches it and waits for the answer."""

    def __init__(
        self,
        home: Path,
        blueprint: Mapping[str, object],
        rings: Mapping[str, bytes],
        disk: Disk | None = None,
    ) -> None:
        self.home = home
        for folder in FOLDERS:
            (home / folder).mkdir(parents=True, exist_ok=True)
        self.lay(blueprint, rings)
        self.system = Clocked(forge.NOW + 60)
        self.disk = disk or Disk()
        self.applied: list[Accepted] = []
        self.boot()

    def lay(self, blueprint: Mapping[str, object], rings: Mapping[str, bytes]) -> None:
        """What deploy does."""
        trust = self.home / "trust"
        for fingerprint, ring in rings.items():
            (trust / "keys" / f"{fingerprint}.gpg").write_bytes(ring)
        new = trust / "blueprint.new"
        new.write_bytes(canonical.dumps(blueprint))
        new.rename(trust / "blueprint.json")

    def boot(self) -> None:
        """A new acceptor on the same disk, as after a restart."""
        self.loop = Loop(self.system)
        pipe = str(self.home / "run" / "default.pipe")
        self.acceptor = Acceptor(
            str(self.home), pipe, self.system, self.loop, self.applied.append, disk=self.disk
        )
        self.acceptor.start()

    def ask(self, stream: bytes, nonce: bytes = b"", deadline: float = 30) -> record.Ack:
        """Send it in frames; the first ack of this attempt."""
        nonce = nonce or os.urandom(8)
        self.acceptor.feed(forge.frames(stream, nonce))
        sha = hashlib.sha256(stream).hexdigest()
        return self.wait(lambda: self.ack(sha, nonce.hex()), deadline)

    def ack(self, sha: str, nonce: str) -> record.Ack | None:
        path = self.home / "public" / "acks" / sha
        if not path.exists():
            return None
        ack = record.parse_ack(path.read_bytes())
        return ack if ack.nonce == nonce else None

    def wait(self, check: Callable[[], record.Ack | None], deadline: float) -> record.Ack:
        """Turn the loop until something is there and nothing is being judged."""
        self.loop._listen()
        end = time.monotonic() + deadline
        while True:
            found = check()
            if found is not None and self.acceptor.quiet:
                return found
            if time.monotonic() > end:
                raise AssertionError(f"no answer within {deadline} s")
            self.turn()

    def turn(self) -> None:
        """One turn of the loop, at most 100 ms of waiting."""
        due = self.loop._timers.deadline()
        latest = self.system.now() + 100
        self.loop.turn(latest if due is None else min(due, latest))

    def state(self) -> bytes:
        """Everything that a refused stream must leave as it was."""
        roots = ("trust", "plans", "store", "spots")
        files = sorted(p for root in roots for p in (self.home / root).rglob("*") if p.is_file())
        return b"".join(str(p).encode() + b"\0" + p.read_bytes() + b"\0" for p in files)


class Keys:
    """Operators with real keys, made once a test run."""

    def __init__(self, names: Sequence[str] = ("alice", "bob", "mallory")) -> None:
        self.home = KeyHome()
        self.names = {name: self.home.make(name) for name in names}
        self.rings = {fpr: self.home.public(fpr) for fpr in self.names.values()}

    def __getitem__(self, name: str) -> str:
        return self.names[name]

    def sign(self, name: str, *options: str) -> forge.Sign:
        return lambda data: self.home.sign(self.names[name], data, *options)
