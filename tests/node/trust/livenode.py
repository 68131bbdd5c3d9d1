"""A pm that takes signed streams, as deploy lays it down, in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import uuid
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.node.trust import forge
from tests.node.trust.bench import Keys
from tests.support import brood
from tests.support.wait import until

from enve_pm.hostinit import writer
from enve_pm.wire import canonical, frame, record

PROGRAM = Path(__file__).parents[3] / "remote" / "enve_pm"
READY = {"how": "wait", "ms": 10}


class Node:
    """A user's install with its own HOME and fifo, as deploy lays it down."""

    def __init__(self, root: Path, keys: Keys, scope: str = "**", **blueprint: object) -> None:
        self.home = root / "home"
        self.run = self.home / "run"
        self.mark = uuid.uuid4().hex
        for folder in (self.home / "trust/keys", self.run / "inbox", self.run / "lease"):
            folder.mkdir(parents=True)
        keyhole = forge.keyhole(keys["alice"], scope=[scope])
        self.lay(forge.blueprint([keyhole], **{"pms": {}, **blueprint}))
        for fingerprint, ring in keys.rings.items():
            (self.home / f"trust/keys/{fingerprint}.gpg").write_bytes(ring)
        self.python = sys.executable
        self.program = PROGRAM
        self.march = root / "march"
        self.march.write_text(writer.text(str(self.home), str(self.run / "default.pipe")))
        self.process: subprocess.Popen[bytes] | None = None
        self.extra: dict[str, str] = {}  # of pm's environment

    def lay(self, blueprint: dict[str, object]) -> None:
        """What deploy does; each stream is judged by what stands there."""
        (self.home / "trust/blueprint.json").write_bytes(canonical.dumps(blueprint))

    def start(self, *options: str, **keys: Any) -> None:
        """`keys` go to the process."""
        words = [self.python, "-I", "-S", str(self.program), "run", "--no-cgroup", *options]
        pipe = str(self.run / "default.pipe")
        env = {**self.extra, "PATH": os.environ["PATH"], "PMHOME": str(self.home), "PMPIPE": pipe}
        env[brood.MARK] = self.mark
        self.process = subprocess.Popen(words, env=env, **keys)
        until(lambda: b"== pm\n-\n" not in self.call("look").stdout, "pm to be up")

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)
        until(lambda: not brood.marked(self.mark), "everything to be gone", 60)

    def pm(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of the client."""
        argv = [self.python, "-I", "-S", str(self.program), *words]
        env = {"PATH": os.environ["PATH"], "PMHOME": str(self.home)}
        return subprocess.run(argv, env=env, capture_output=True, text=True, check=False)

    def call(self, *words: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["/bin/sh", str(self.march), *words],
            input=data,
            capture_output=True,
            check=False,
            timeout=120,
        )

    def send(self, stream: bytes, seconds: int = 60) -> record.Ack:
        """The last ack of a march."""
        with self.sending(stream, seconds) as writer:
            said, _ = writer.communicate(timeout=120)
        assert writer.returncode == 0, (writer.returncode, said)
        return record.parse_ack(said.splitlines()[-1])

    def sending(self, stream: bytes, seconds: int) -> subprocess.Popen[bytes]:
        """The writer of a march at work."""
        nonce = os.urandom(8)
        words = ["send", sha256(stream).hexdigest(), nonce.hex(), str(seconds)]
        with tempfile.TemporaryFile() as framed:
            framed.write(frame.encode(stream, nonce))
            framed.seek(0)
            argv = ["/bin/sh", str(self.march), *words]
            return subprocess.Popen(argv, stdin=framed, stdout=subprocess.PIPE)

    def status(self) -> dict[str, Any]:
        shown: dict[str, Any] = json.loads((self.home / "public/status.json").read_text())
        return shown

    def states(self) -> dict[str, str]:
        """As a listing finds them."""
        return {name: unit["state"] for name, unit in self.status()["units"].items()}

    def held(self) -> record.Held:
        return record.parse_held((self.home / "public/held.json").read_bytes())


def plan(files: bytes = b"one\n", **keys: object) -> forge.Plan:
    now = int(subprocess.run(["date", "+%s"], capture_output=True, check=True).stdout)
    name = {"sha256": sha256(files).hexdigest(), "size": len(files), "mode": 0o600}
    line = forge.line("web", ready=READY, files={"conf": name})
    lines = {"web": line, "db": forge.line("db", ready=READY)}
    return forge.Plan.of(lines, issued=now, expires=now + 3600, blobs=(files,), **keys)
