"""The parts of the page: each measures and gives a section."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import fleet, results
from benchmarks.managers import page

ROOT = Path(__file__).resolve().parents[1]
DISK = "/var/tmp"
DEADLINE = 900  # seconds that one program of a part may take
# What `managers` needs of pm; the other parts of `benchmarks.pm` have pages of their own.
OF_PM = ("bare", "many", "storm", "flood", "killed", "reexec", "client", "stream")
SHARED = """\
A node syncs what it accepts before it answers. Here all nodes wait for one disk, so this shows the
worst case: a march of one config can miss its bar, which is about nodes with a disk each.

"""

NOOP = """\
A folder of source files is a product, built and installed once, whose command is `true`. That it
has not changed is found out again and again; make and nix-build have the same files and nothing to
do either. All take turns."""
RACE = """\
They start together, with an empty store: one makes the entry, the others wait for it. Measured is
when the last of them has it, after the one that made it."""
TREE = f"""\
As a build leaves it, a tree is hashed, and installed into a new folder by each way, beside cp and
rsync. All of it lies on one disk ({DISK}), and is there only when it has reached that (`sync -f`).
Reflinks: on a btrfs in a file there."""

Part = Callable[[argparse.Namespace], str]


def _fleet(given: argparse.Namespace) -> str:
    figures = fleet.measure(given.nodes, given.rounds, not given.no_peers)
    return results.fleet(figures, given.nodes)


def _disk(given: argparse.Namespace) -> str:
    words = ["-m", "benchmarks.fleet", "--nodes", str(given.nodes), "--rounds", "3", "--no-peers"]
    found = printed(*words, env={**os.environ, "TMPDIR": DISK})
    title = f"The same fleet with all its files on one disk ({DISK})"
    return results.text(title, " ".join(["TMPDIR=" + DISK, "python", *words]), found, SHARED)


def _managers(given: argparse.Namespace) -> str:
    pm = _pm(given, *OF_PM)
    units = ["--units", str(given.units)]
    others = {} if given.no_peers else _json("-m", "benchmarks.managers", *units)
    return page.managers(pm, others, given.units)


def _restarts(given: argparse.Namespace) -> str:
    return page.restarts(_pm(given, "endure"))


def _crowd(given: argparse.Namespace) -> str:
    return page.crowd(_pm(given, "crowd"))


def _pm(given: argparse.Namespace, *parts: str) -> dict[str, Any]:
    only = [word for part in parts for word in ("--only", part)]
    return _json("-m", "benchmarks.pm", "--units", str(given.units), *only)


def _json(*words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(printed(*words))
    return found


class Failed(Exception):
    """A program of a part ended badly: says how."""


def printed(*words: str, env: Mapping[str, str] | None = None) -> str:
    """stdout of a part that is a program of its own; its errors, which tell how far it is, are
    shown. Raises Failed."""
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(
            [sys.executable, *words],
            cwd=ROOT,
            env=env,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
        )
        # Interrupted, it ends what it has started.
        timer = threading.Timer(DEADLINE, process.send_signal, [signal.SIGINT])
        timer.start()
        last = ""
        for line in process.stderr or ():
            sys.stderr.write(line)
            last = line.strip() or last
        code = process.wait()
        timer.cancel()
        if code:
            raise Failed(f"`python {' '.join(words)}` ended with {code}: {last}")
        out.seek(0)
        return out.read()


def _text(title: str, module: str) -> Part:
    def measure(_: argparse.Namespace) -> str:
        return results.text(title, f"python -m {module}", printed("-m", module))

    return measure


def _page(title: str, module: str, told: str) -> Part:
    """Of a program that prints Markdown; `told`: what is measured."""

    def measure(_: argparse.Namespace) -> str:
        return results.section(title, f"python -m {module}", printed("-m", module), told)

    return measure


PARTS: dict[str, Part] = {
    "fleet": _fleet,
    "disk": _disk,
    "managers": _managers,
    "restarts": _restarts,
    "crowd": _crowd,
    "inventory": _text("Reading inventories and plans", "benchmarks.inventory"),
    "sign": _text("Signing a fleet", "benchmarks.sign"),
    "noop": _page("Running a product that has not changed", "benchmarks.stages_noop", NOOP),
    "race": _page("Eight builders of one hash", "benchmarks.stages_race", RACE),
    "tree": _page("Trees, hashed and installed", "benchmarks.stages_tree", TREE),
    "accept": _text("Accepting a stream on a node", "benchmarks.accept"),
}
