"""Lines of networks, and a network and a /run of their own for a pm of a test: whatever it leaves
is gone with the last process in there."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.box import Box, line

OWN = (
    *("unshare", "--mount", "--net", "--propagation", "private", "--"),
    *("sh", "-c", 'mount -t tmpfs -o mode=755 run /run && exec "$@"', "sh"),
)


def bridge(unit: str, /, *addresses: str, **keys: Any) -> dict[str, Any]:
    body = {"type": "bridge", "addresses": list(addresses), **keys}
    return line(unit, kind="network", network=body)


def namespace(unit: str, /, *addresses: str, **keys: Any) -> dict[str, Any]:
    body = {"type": "namespace", **({"addresses": list(addresses)} if addresses else {}), **keys}
    needs = {"needs": [keys["bridge"]]} if "bridge" in keys else {}
    return line(unit, kind="network", network=body, **needs)


@contextmanager
def kept() -> Iterator[tuple[str, ...]]:
    """Such a place that outlives a pm: the words that run something in it."""
    stay = ["sh", "-c", "echo; exec sleep 1000"]
    with subprocess.Popen([*OWN, *stay], stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline(), "the place is there"
        yield _into(process.pid)
        process.kill()


def enter(box: Box) -> tuple[str, ...]:
    """The words that run something where pm is."""
    return _into(box.pids()[1])


def _into(pid: int) -> tuple[str, ...]:
    return ("nsenter", f"--mount=/proc/{pid}/ns/mnt", f"--net=/proc/{pid}/ns/net", "--")


def ip(box: Box, *words: str) -> str:
    """What `ip` does there, and prints."""
    argv = [*enter(box), "ip", *words]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def links(box: Box, *words: str) -> dict[str, dict[str, Any]]:
    """All links but `lo` by name; words: `-n`, NAMESPACE."""
    found = json.loads(ip(box, *words, "-d", "-j", "addr"))
    return {one["ifname"]: one for one in found if one["ifname"] != "lo"}


def addresses(link: dict[str, Any]) -> set[str]:
    return {f"{one['local']}/{one['prefixlen']}" for one in link["addr_info"]}


def namespaces(box: Box) -> set[str]:
    """Their names."""
    return {one["name"] for one in json.loads(ip(box, "-j", "netns", "list") or "[]")}


def names(box: Box) -> set[str]:
    """What lies in /run/netns, whatever it is."""
    folder = box.root() / "run/netns"
    return {path.name for path in folder.iterdir()} if folder.exists() else set()
