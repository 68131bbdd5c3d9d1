"""The two things that deploy says to a node: what are you, and: become this. Plus their answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from shlex import quote
from typing import Any, Literal

from enve.bundle import Bundle
from enve.core import nodepaths, probeanswer
from enve.core.nodeblueprint import sha256
from enve.core.printable import last_line, printable
from enve.core.probe import Probe
from enve.errors import NodeFailure, RefusedError
from enve.host.base import Completed, Host
from enve.model.site import Node

MOST = 1000  # things done, or warnings, of one node
# Runs on whatever Python the node has: takes the program off the stream, and hands over to it.
BOOT = """\
import json, os, shutil, sys, tempfile, zlib
stream = sys.stdin.buffer
header = json.loads(stream.readline())
program = header["program"]
folder = ""
try:
    place = header["home"] + "/lib/" + program["hash"]
    data = b""
    if program["size"]:
        data = zlib.decompress(stream.read(program["size"]))
        folder = tempfile.mkdtemp(prefix="enve-")
        place = folder + "/pm.zip"
        with open(place, "wb") as file:
            file.write(data)
    sys.path.insert(0, place)
    from enve_pm.hostinit import install, remove, standing
    act = {"install": install.main, "remove": remove.main, "check": standing.main}[header["action"]]
    status = act(header, stream, data)
except OSError as error:
    told = {"message": "%s: %s" % (error.filename or "the node", error.strerror), "hint": ""}
    print(json.dumps({"v": 1, "did": [], "warnings": [], "problem": told}))
    status = 3
finally:
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
sys.exit(status)
"""


@dataclass(frozen=True, slots=True)
class Ordered:
    """What a node is to become. `home`, `pipe`: absolute paths, as the node has said them."""

    action: Literal["install", "remove", "check"]
    node: Node
    home: str
    pipe: str
    python: str
    push: bool  # the program goes with it: the node has it not
    now: int
    start: bool = True
    reset_time: bool = False
    drop: bool = False  # what runs in spots may be ended by the blueprint
    floors: Mapping[str, int] = field(default_factory=dict)
    blueprint: bytes = b""
    keys: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """What the node did, and what it warns of."""

    did: tuple[str, ...]
    warnings: tuple[str, ...]


async def look(host: Host, program: str, blueprint: bytes, *, deadline: float) -> Probe:
    """The first round trip. Raises NodeFailure, Unreachable, TimeoutError."""
    script = question(host.node, program, blueprint)
    done = await host.run("sh -s", stdin=script, deadline=deadline)
    if done.status == 127:
        raise NodeFailure("the node has no POSIX sh")
    return probeanswer.parse(done.stdout)


def question(node: Node, program: str, blueprint: bytes) -> bytes:
    """The script, as one group: sh runs nothing of it before it has read the whole."""
    paths = nodepaths.of(node)
    given = {
        "home": paths.home,
        "pipe": paths.pipe,
        "want_program": quote(program),
        "want_blueprint": sha256(blueprint) if blueprint else "-",
    }
    words = "\n".join(f"{name}={word}" for name, word in given.items())
    return f"{{\n{words}\n{_script()}}} </dev/null\n".encode()


@cache
def _script() -> str:
    return (resources.files("enve.app") / "probe.sh").read_text()


async def carry_out(host: Host, order: Ordered, bundle: Bundle, *, deadline: float) -> Done:
    """The second round trip. Raises NodeFailure and RefusedError with what the node says,
    Unreachable."""
    command = f"exec {quote(order.python)} -I -S -c {quote(BOOT)}"
    done = await host.run(command, stdin=message(order, bundle), deadline=deadline)
    return _answer(done)


def message(order: Ordered, bundle: Bundle) -> bytes:
    """The header, then the program (unless the node has it), the blueprint and the keys."""
    program = bundle.compressed() if order.push else b""
    header = {
        "v": 1,
        "action": order.action,
        "home": order.home,
        "pipe": order.pipe,
        "install": order.node.install,
        "register": order.node.register,
        "start": order.start,
        "now": order.now,
        "floors": dict(order.floors),
        "reset_time": order.reset_time,
        "drop": order.drop,
        "program": {"hash": bundle.hash, "size": len(program)},
        "blueprint": _body(order.blueprint),
        "keys": [{"fpr": name, **_body(ring)} for name, ring in sorted(order.keys.items())],
    }
    rings = [ring for _, ring in sorted(order.keys.items())]
    return b"".join([json.dumps(header).encode(), b"\n", program, order.blueprint, *rings])


def _body(data: bytes) -> dict[str, Any]:
    return {"size": len(data), "sha256": sha256(data)}


def _answer(done: Completed) -> Done:
    try:
        value = json.loads(done.stdout.strip().rpartition(b"\n")[2])
        did, warnings = (tuple(map(_text, value[name][:MOST])) for name in ("did", "warnings"))
        problem = value["problem"]
        told = None if problem is None else (_text(problem["message"]), _text(problem["hint"]))
        refused = problem is not None and problem.get("refused") is True
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        said = last_line(done.stderr) or f"status {done.status}, and no word"
        raise NodeFailure(f"the installer broke off: {said}") from None
    if told is not None:
        kind = RefusedError if refused else NodeFailure
        raise kind(told[0], notes=tuple(f"done: {one}" for one in did), hint=told[1])
    return Done(did, warnings)


def _text(value: Any) -> str:
    return printable(str(value), 500)
