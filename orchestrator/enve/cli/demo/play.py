"""Plays the story from the first server to the last trace, also when it is interrupted."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from enve.cli import color
from enve.cli.demo.screen import Narrator
from enve.cli.demo.site import Site
from enve.cli.demo.story import BARE, Story, fleet
from enve.errors import OK

EXPORTED = ("GNUPGHOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "ENVE_INVENTORY", "ENVE_SSH_CONFIG")
AGENTS = (b"gpg-agent", b"keyboxd", b"scdaemon")
ENDS = "Ctrl-C here ends the fleet and removes the folder."


def play(*, keep: bool) -> int:
    """The whole demo; 0 when every command did what the story says."""
    site = Site()
    narrator = Narrator(color.Paint(color.wanted("auto", sys.stdout, os.environ)))
    try:
        asyncio.run(_play(Story(site, narrator), keep))
    finally:
        end_processes(site.folder)
        site.close()
    return OK


def practice() -> int:
    """Three nodes with nothing on them, until Ctrl-C; then whatever was put there goes."""
    site = Site(empty=True)
    narrator = Narrator(color.Paint(color.wanted("auto", sys.stdout, os.environ)))
    try:
        asyncio.run(_practice(Story(site, narrator)))
    finally:
        end_processes(site.folder)
        site.close()
    return OK


async def _practice(story: Story) -> None:
    story.tell.chapter("Three nodes to practise on: " + " ".join(BARE))
    async with fleet(story.site, BARE):
        try:
            _how_to_reach(story)
            story.tell.note("then follow docs/tutorial/first-fleet.md from its second step on,")
            story.tell.note("or go on with docs/tutorial/first-product.md")
            story.tell.note(ENDS)
            await asyncio.Event().wait()
        finally:
            await _tear_down(story)


async def _play(story: Story, keep: bool) -> None:
    story.tell.chapter(
        "Five nodes on this machine",
        f"Real SSH servers on 127.0.0.1, each with a home of its own below {story.site.folder}.",
        "The inventory pins their host keys.",
    )
    async with fleet(story.site):
        try:
            await _chapters(story)
            if keep:
                await _stay(story)
        finally:
            await _tear_down(story)


async def _chapters(story: Story) -> None:
    await story.keys()
    await story.deploy()
    await story.march()
    await story.kill()
    await story.change()
    await story.stranger()
    await story.end()


async def _stay(story: Story) -> None:
    """Leaves the fleet running until Ctrl-C, and says how to reach it."""
    story.tell.chapter("The fleet stays: try it from another terminal")
    _how_to_reach(story)
    story.tell.note("enve-list -w          enve stop n2.web        enve logs n3.tenants.blog")
    story.tell.note("edit plan.yml, then:  enve-march plan.yml --diff")
    story.tell.note(ENDS)
    await asyncio.Event().wait()


def _how_to_reach(story: Story) -> None:
    story.tell.note(f"cd {story.site.folder}")
    environment = story.site.environment()
    named = (f"{name}={environment[name]}" for name in EXPORTED if name in environment)
    story.tell.note("export " + " ".join(named))


async def _tear_down(story: Story) -> None:
    inventory = story.site.inventory
    if not inventory.exists():
        return
    story.tell.chapter("Tear down: pm leaves every node", "Nothing of this stays behind.")
    await story.run("enve-deploy", inventory.name, "--remove", "--yes")


def end_processes(folder: Path) -> None:
    """Whatever still lives in the demo's folder (agents, a node cut short) ends now."""
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        if pid != os.getpid() and _belongs(entry, os.fsencode(folder)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _belongs(entry: Path, folder: bytes) -> bool:
    """A process of a node, or one of gpg's; not the editor of somebody who tries the fleet."""
    try:
        variables = (entry / "environ").read_bytes().split(b"\0")
        words = (entry / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    if any(variable.startswith(b"HOME=" + folder) for variable in variables):
        return True
    agent = words[0].rpartition(b"/")[2] in AGENTS
    return agent and any(folder in word for word in words)
