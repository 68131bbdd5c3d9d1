"""The story of the demo: each chapter is one thing that a user does, with the real commands."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncssh

from enve.cli.demo import nodes
from enve.cli.demo.screen import Narrator
from enve.cli.demo.site import Site
from enve.errors import OK, REFUSED, EnveError

NAMES = ("n1", "n2", "n3", "n4", "n5")
BARE = ("web1", "web2", "db1")  # those of the tutorial
PATIENCE = 20.0  # seconds that a killed service may take to come back; it takes milliseconds


class DemoFailure(EnveError):
    """A command of the demo ended otherwise than it should."""


class Story:
    """Runs the commands in the site's folder and tells what happens."""

    def __init__(self, site: Site, narrator: Narrator) -> None:
        self.site = site
        self.tell = narrator

    async def run(self, *words: str, who: str = "alice", wanted: int = OK) -> None:
        """Shows and runs one command, its output on this terminal."""
        self.tell.command(words)
        process = await self._start(words, who)
        status = await process.wait()
        if status != wanted:
            raise DemoFailure(f"{' '.join(words)} ended with {status}, not {wanted}")

    async def read(self, *words: str, who: str = "alice") -> bytes:
        """Runs one command unseen and returns what it printed."""
        process = await self._start(words, who, stdout=asyncio.subprocess.PIPE)
        out, _ = await process.communicate()
        if process.returncode:
            raise DemoFailure(f"{' '.join(words)} ended with {process.returncode}")
        return out

    async def _start(
        self, words: Sequence[str], who: str, **options: Any
    ) -> asyncio.subprocess.Process:
        program, _, command = words[0].partition("-")
        arguments = [*([command] if command else []), *words[1:]]
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", program, *arguments),
            cwd=self.site.folder,
            env=self.site.environment(who),
            stdin=asyncio.subprocess.DEVNULL,
            **options,
        )

    async def pid_of(self, address: str) -> int:
        """The pid of a running resource, 0 when it is not RUNNING."""
        rows = json.loads(await self.read("enve-list", address, "-o", "json"))["rows"]
        return int(rows[0]["pid"]) if rows and rows[0]["state"] == "RUNNING" else 0

    async def keys(self) -> None:
        self.tell.chapter(
            "A key for alice, who may march",
            "Its public half goes into the blueprint: each node takes her signature only.",
        )
        await self.run("enve", "keys", "new", "alice", "--no-passphrase")
        await self.read("enve", "keys", "export", "alice", "alice.asc")

    async def deploy(self) -> None:
        self.tell.chapter(
            "Deploy: pm and the blueprint go to every node",
            "One connection each; a second run finds nothing to do.",
        )
        await self.run("enve-deploy", "inventory.yml")
        await self.run("enve-deploy", "inventory.yml")

    async def march(self) -> None:
        self.tell.chapter(
            "March: a plan with web, which needs db, and a blog inside a pm of its own",
            "Rendered here, signed once for all nodes, verified on each of them.",
        )
        await self.run("enve-march", "plan.yml", "--yes")
        await self.run("enve-list", "n1.**", "n2.**")

    async def kill(self) -> None:
        pid = await self.pid_of("n1.web")
        self.tell.chapter(
            "A service dies: pm starts it again", f"n1.web is process {pid}; kill -9 {pid}."
        )
        os.kill(pid, signal.SIGKILL)
        end = time.monotonic() + PATIENCE
        while (again := await self.pid_of("n1.web")) in (0, pid):
            if time.monotonic() > end:
                raise DemoFailure("n1.web did not come back")
        self.tell.note(f"it runs again, as process {again}")
        await self.run("enve-list", "n1.web")

    async def change(self) -> None:
        self.tell.chapter(
            "A changed config: only the difference travels, only web reloads",
            "The greeting changes; web keeps its process, db and the blog are not touched.",
        )
        before = await self.pid_of("n1.web")
        await self.run("enve-march", "plan.yml", "--yes", "-e", "greeting=good morning")
        if await self.pid_of("n1.web") != before:
            raise DemoFailure("n1.web was restarted by a change that only needs a reload")
        await self.run("enve", "logs", "n1.web")

    async def stranger(self) -> None:
        self.tell.chapter(
            "A stranger signs: every node refuses",
            "mallory has a key, the ssh login and a copy of the files, in which the keyhole is",
            "her own. Nodes go by the keyholes that the architect deployed.",
        )
        self.site.copy_for("mallory")
        await self.read("enve", "keys", "new", "mallory", "--no-passphrase", who="mallory")
        await self.read("enve", "keys", "export", "mallory", "mallory/mallory.asc", who="mallory")
        await self.run(
            *("enve-march", "mallory/plan.yml", "-i", "mallory/inventory.yml", "--yes"),
            *("-e", "greeting=owned"),
            who="mallory",
            wanted=REFUSED,
        )

    async def end(self) -> None:
        self.tell.chapter("The fleet as it stands")
        await self.run("enve-list")


@asynccontextmanager
async def fleet(site: Site, names: Sequence[str] = NAMES) -> AsyncIterator[list[nodes.DemoNode]]:
    """The demo's servers, while the block runs."""
    key = asyncssh.generate_private_key("ssh-ed25519", comment="demo")
    key.write_private_key(str(site.folder / "id"))
    (site.folder / "id").chmod(0o600)
    started: list[nodes.DemoNode] = []
    try:
        for name in names:
            started.append(await nodes.start(name, site.home(name), key))
        site.write_inventory(started)
        yield started
    finally:
        for node in started:
            node.server.close()
            await node.server.wait_closed()
