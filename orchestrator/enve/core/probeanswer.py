"""The answer of a node to deploy's first question, read into one value. All of it is doubted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from enve.core.printable import printable
from enve.core.probe import Alive, Deployed, Probe, Python
from enve.core.seen import process
from enve.errors import NodeFailure
from enve_pm.core.filename import unquote


def parse(data: bytes) -> Probe:
    """Raises NodeFailure for what is no whole answer."""
    part = sections(data)
    if "probe" not in part or "end" not in part:
        raise NodeFailure(
            f"the node's sh gave no whole answer: {printable(_tail(data), 200)}",
            hint="does `ssh NODE sh -c true` work, and print nothing?",
        )
    who, home, pipe = _rows(part, "who", 3), _rows(part, "home", 1)[0], _rows(part, "pipe", 1)[0]
    names = (_rows(part, "uname", 1)[0].split(" ") + [""] * 4)[:4]
    disk = part.get("disk", [])
    return Probe(
        uid=_number(who[0]),
        user=who[1],
        login_home=who[2],
        now=_number(_rows(part, "now", 1)[0]),
        system=names[0],
        hostname=names[1],
        release=names[2],
        machine=names[3],
        home=home,
        pipe=pipe,
        distribution=_distribution(part.get("os", [])),
        memory=_number(re.sub(r"\D", "", "".join(part.get("memory", [])[:1]))[:15]),
        cores=_number("".join(part.get("cores", [])[:1])),
        free=_free(disk),
        read_only=disk[0].partition(" ")[2] if disk[:1] and disk[0] != "writable" else "",
        tools=frozenset(" ".join(part.get("tools", [])).split()),
        init=frozenset(printable(row, 64) for row in part.get("init", [])[:16]),
        pythons=tuple(_python(row) for row in part.get("python", [])[:64] if row),
        deployed=_deployed(_object(part, "deployed")),
        current="".join(part.get("current", [])[:1]),
        alive=_alive(part),
        present="yes" in part.get("present", []),
        changed=tuple(printable(row, 300) for row in part.get("changed", [])[:50]),
        blueprint="\n".join(part.get("blueprint", [])).encode(),
        units=_object(part, "units"),
        serials=_serials(part),
        pipes=tuple(printable(row, 300) for row in part.get("pipes", [])[:2]),
        subs={_sub_pm(name): _object(part, name) for name in part if name.startswith("sub ")},
    )


def sections(data: bytes) -> dict[str, list[str]]:
    """`== NAME` and the lines below it; the first section of a name counts."""
    found: dict[str, list[str]] = {}
    rows: list[str] = []
    for line in data.decode("utf-8", "replace").split("\n"):
        if line.startswith("== "):
            rows = []
            found.setdefault(line[3:].strip(), rows)
        elif line:
            rows.append(line)
    return found


def _tail(data: bytes) -> str:
    return data[-400:].decode("utf-8", "replace").strip() or "it said nothing"


def _rows(part: Mapping[str, list[str]], name: str, count: int) -> list[str]:
    rows = part.get(name, [])
    if len(rows) < count:
        raise NodeFailure(f"the node did not say '{name}'")
    return [printable(row, 1024) for row in rows[:count]]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else 0


def _free(disk: list[str]) -> int:
    fields = disk[-1].split() if len(disk) >= 3 else []
    return next((int(f) for f in fields[3:4] if f.isascii() and f.isdigit()), -1)


def _distribution(rows: list[str]) -> dict[str, str]:
    pairs = (row.partition("=") for row in rows[:64])
    return {
        printable(key.lower(), 64): printable(value.strip("\"'"), 200) for key, _, value in pairs
    }


def _python(row: str) -> Python:
    words = printable(row, 1024).split(" ")
    if words[0] == "same":
        return Python("same", path=" ".join(words[1:]))
    verdict, version, path, *lacks = [*words, "", ""]
    return Python(verdict, version, path, tuple(name for name in lacks if name))


def _object(part: Mapping[str, list[str]], name: str) -> dict[str, Any]:
    """A section that is one line of JSON, an object; anything else is an empty one."""
    try:
        value = json.loads("".join(part.get(name, [])[:1]) or "{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _serials(part: Mapping[str, list[str]]) -> dict[str, int]:
    """Lane -> the newest serial that counts there."""
    held, floors = _object(part, "state").get("lanes"), _object(part, "floors").get("floors")
    found = dict(floors) if isinstance(floors, dict) else {}
    for lane, one in held.items() if isinstance(held, dict) else ():
        if isinstance(one, dict):
            found[lane] = max(_whole(found.get(lane)), _whole(one.get("serial")))
    return {lane: _whole(serial) for lane, serial in found.items()}


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _sub_pm(section: str) -> str:
    """The name of the sub-pm that a section `sub FILE` shows."""
    file = section.removeprefix("sub ").removesuffix(".json")
    try:
        return unquote(file)
    except ValueError:
        return file


def _deployed(value: Mapping[str, Any]) -> Deployed:
    if value.get("v") != 1:
        return Deployed()
    texts = {
        name: value[name]
        for name in ("program", "blueprint", "install", "pipe", "register", "registered")
        if isinstance(value.get(name), str)
    }
    keys = value.get("keys")
    when = value.get("when")
    return Deployed(
        **texts,
        keys={str(k): str(v) for k, v in keys.items()} if isinstance(keys, dict) else {},
        when=when if isinstance(when, int) else 0,
    )


_STATUS = re.compile(
    r'\{"boot":"(?P<boot>[0-9a-f-]{1,64})","hash":"(?P<hash>[0-9a-f]{1,64})",'
    r'"pid":(?P<pid>\d{1,10}),"start":(?P<start>\d{1,20}),'
)


def _alive(part: Mapping[str, list[str]]) -> Alive:
    """Alive = the process that wrote the status is the one that has its pid now, in this boot."""
    said = _STATUS.match("".join(part.get("status", [])[:1]))
    if said is None or "".join(part.get("boot", [])[:1]).strip() != said["boot"]:
        return Alive()
    lives = process("".join(part.get("pm", [])[:1])) == (int(said["pid"]), int(said["start"]))
    return Alive(int(said["pid"]), said["hash"]) if lives else Alive()
