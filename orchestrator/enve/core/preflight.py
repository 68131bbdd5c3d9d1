"""What a node must have before pm can live there: each lack with its name and its remedy."""

from __future__ import annotations

from collections.abc import Iterator

from enve.core.probe import Probe
from enve.model.report import Problem
from enve.model.site import Node

FAILED = 3
FREE_NEEDED = 20 << 10  # KiB: two programs, states, a few generations
CLOCK_OFF = 300  # seconds; march refuses beyond this, pm beyond a day
CLOCK_DEAD = 86_400
TOOLS = {
    "gpgv": "gpgv",
    "flock": "util-linux",
    "timeout": "coreutils",
    "dd": "coreutils",
    "mkfifo": "coreutils",
}
INSTALL = {"debian": "apt-get install", "alpine": "apk add", "fedora": "dnf install"}
RELATED = {
    **dict.fromkeys(("ubuntu", "raspbian", "linuxmint", "devuan"), "debian"),
    **dict.fromkeys(("rhel", "centos", "rocky", "almalinux", "amzn"), "fedora"),
}
FULL_PYTHON = {"debian": "python3", "alpine": "python3", "fedora": "python3"}


def lacks(node: Node, probe: Probe, now: int) -> list[Problem]:
    """Everything that stands against a deploy, the gravest first. `now`: our clock."""
    return [
        *_rights(node, probe),
        *_python(probe),
        *_tools(probe),
        *_disk(probe),
        *_clock(probe, now),
    ]


def warnings(probe: Probe, now: int) -> list[str]:
    """What works, but not for long."""
    off = probe.now - now
    if CLOCK_OFF < abs(off) <= CLOCK_DEAD:
        return [f"its clock is {_far(off)}: march refuses to sign when most nodes are; set up NTP"]
    return []


def _rights(node: Node, probe: Probe) -> Iterator[Problem]:
    if probe.system != "Linux":
        yield Problem(f"pm runs on Linux only by now, found {probe.system}", FAILED)
    if node.install == "system" and probe.uid != 0:
        yield Problem(
            f"a system install needs root, the login is {probe.user} (uid {probe.uid})",
            FAILED,
            hint="-b acts through sudo; or `install: user` in the inventory",
        )
    outside = not probe.pipe.startswith(probe.home.rstrip("/") + "/")
    if node.install == "user" and probe.uid == 0 and outside:
        yield Problem(
            f"root's pm with its pipe outside of its home ({probe.pipe}) is a system install",
            FAILED,
            hint="`install: system` in the inventory; or leave `pipe` out",
        )
    for what, path in (("home", probe.home), ("pipe", probe.pipe)):
        if not path.startswith("/") or "\n" in path:
            yield Problem(
                f"pm's {what} came out as '{path}', wanted an absolute path",
                FAILED,
                hint=f"set `{what}` in the inventory; or the login has no HOME",
            )


def _python(probe: Probe) -> Iterator[Problem]:
    if probe.python is not None:
        return
    found = probe.pythons[0] if probe.pythons else None
    wanted = "Python 3.8 or newer, with its full standard library"
    if found is None:
        yield Problem(
            f"there is no Python; wanted {wanted}", FAILED, hint=_install(probe, FULL_PYTHON)
        )
    elif found.verdict == "lacks":
        missing = " ".join(found.lacks[:6]) + (" ..." if len(found.lacks) > 6 else "")
        yield Problem(
            f"{found.path} {found.version} lacks {missing}; wanted {wanted}",
            FAILED,
            notes=("python3-minimal is not enough",) if _family(probe) == "debian" else (),
            hint=_install(probe, FULL_PYTHON),
        )
    else:
        yield Problem(
            f"found Python {found.version} ({found.path or 'python3'}), wanted {wanted}",
            FAILED,
            hint="install a newer Python beside it: python3.8 ... python3.13 in PATH are found",
        )


def _tools(probe: Probe) -> Iterator[Problem]:
    for tool, package in TOOLS.items():
        if tool not in probe.tools:
            yield Problem(
                f"there is no {tool}",
                FAILED,
                hint=_install(probe, dict.fromkeys(INSTALL, package)),
            )


def _install(probe: Probe, packages: dict[str, str]) -> str:
    family = _family(probe)
    if family in packages:
        return f"on the node: {INSTALL[family]} {packages[family]}"
    return f"install it on the node (package {packages['debian']} or alike)"


def _family(probe: Probe) -> str:
    name = probe.distribution.get("id", "")
    return RELATED.get(name, name)


def _disk(probe: Probe) -> Iterator[Problem]:
    if probe.read_only:
        yield Problem(
            f"{probe.read_only} can't be written by {probe.user}",
            FAILED,
            hint="another `home` in the inventory, or another login",
        )
    elif 0 <= probe.free < FREE_NEEDED:
        yield Problem(
            f"{probe.free} KiB are free where {probe.home} lies, wanted {FREE_NEEDED} KiB",
            FAILED,
            hint="make room, or set another `home`",
        )


def _clock(probe: Probe, now: int) -> Iterator[Problem]:
    off = probe.now - now
    if abs(off) > CLOCK_DEAD:
        yield Problem(
            f"its clock is {_far(off)}: it could not judge what is expired",
            FAILED,
            hint="set the node's clock (or this machine's), then deploy again",
        )


def _far(off: int) -> str:
    number = abs(off)
    size, unit = next(
        (size, unit)
        for size, unit in ((86_400, "days"), (3600, "h"), (60, "min"), (1, "s"))
        if number >= size or size == 1
    )
    return f"{number // size} {unit} {'ahead' if off > 0 else 'behind'}"
