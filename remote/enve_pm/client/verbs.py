"""The verbs that change something: start, stop, reload, restart and their kin."""

from __future__ import annotations

import os
import sys

from enve_pm.client import send
from enve_pm.client.plain import text as safe
from enve_pm.shell import where, words
from enve_pm.shell.words import USAGE, Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DEADLINE = 300.0  # seconds; pm's own deadlines for a unit are shorter
FLAGS = {**where.FLAGS, "--no-wait": False, "--timeout": True}
UNIT_FLAGS = {**FLAGS, "--with-dependents": False, "--by": True}
# Where several lines were needed the worst answer counts, in this order.
ORDER = (5, 3, 124, 64)


def units(verb: str, arguments: Sequence[str]) -> int:
    """`pm VERB UNIT...`: the exit status is the job's retcode."""
    options, names = words.split(arguments, UNIT_FLAGS)
    if not names:
        raise Failure(USAGE, f"which unit? pm {verb} UNIT...")
    who = options.get("--by") or os.environ.get("SUDO_USER")
    flags = [f"--by={who}"] if who else []
    if "--with-dependents" in options:
        if verb not in ("stop", "restart"):
            raise Failure(USAGE, f"--with-dependents means nothing for {verb}")
        flags.append("--with-dependents")
    return order(verb, flags, names, options)


def set_property(verb: str, arguments: Sequence[str]) -> int:
    """`pm set-property UNIT KEY=VALUE...`."""
    options, names = words.split(arguments, FLAGS)
    if len(names) < 2 or not all("=" in pair for pair in names[1:]):
        raise Failure(USAGE, "wanted: pm set-property UNIT KEY=VALUE...")
    return order(verb, [], names, options, whole=True)


def plain(verb: str, arguments: Sequence[str]) -> int:
    """Verbs about pm itself: `load`, `shutdown`."""
    options, names = words.split(arguments, FLAGS)
    return order(verb, [], names, options, whole=True)


def reexec(verb: str, arguments: Sequence[str]) -> int:
    """`pm reexec [PLACE]`: a place is made absolute here, pm's own folder is another."""
    options, names = words.split(arguments, FLAGS)
    if len(names) > 1:
        raise Failure(USAGE, "wanted: pm reexec [PLACE], the folder of another program of pm")
    return order(verb, [], [os.path.abspath(name) for name in names], options, whole=True)


def order(
    verb: str, flags: list[str], names: list[str], options: dict[str, str], whole: bool = False
) -> int:
    """Send it and wait for the answer. `whole`: the arguments belong together on one line."""
    home = where.home(options)
    seconds = words.number(options, "--timeout", DEADLINE)
    packed = _packed(verb, flags, names, whole)
    for _, line in packed:
        send.send(home, line)
    if "--no-wait" in options:
        return 0
    look = _progress(home, names)
    answers = [send.follow(home, job, seconds, look) for job, _ in packed]
    look(True)
    for code, message in answers:
        if message:
            print(safe(message), file=sys.stderr if code else sys.stdout)
    return worst([code for code, _ in answers])


def _packed(verb: str, flags: list[str], names: list[str], whole: bool) -> list[tuple[str, bytes]]:
    """The lines of a command: as few as the 512 bytes of each, and the pms concerned, allow."""
    if whole:
        packed = send.lines(verb, flags, names)
        if len(packed) > 1:
            raise Failure(USAGE, f"{verb}: longer than one line of 512 bytes")
        return packed
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(_pm(name), []).append(name)
    return [line for group in groups.values() for line in send.lines(verb, flags, group)]


def _pm(name: str) -> str:
    """The nested pm that a unit belongs to, "" for our own."""
    if "." not in name:
        return ""
    from enve_pm.core import address

    try:
        above = address.parse(name)[:-1]
    except address.AddressError as error:
        raise Failure(USAGE, str(error)) from None
    return address.format(above) if above else ""


def worst(codes: list[int]) -> int:
    """One exit status for several answers."""
    for code in ORDER:
        if code in codes:
            return code
    return max(codes)


def _progress(home: str, names: list[str]) -> Callable[..., None]:
    if not sys.stderr.isatty():
        return lambda done=False: None
    from enve_pm.client.progress import Progress

    return Progress(home, names, sys.stderr)


COMMANDS: dict[str, Callable[[str, Sequence[str]], int]] = {
    "start": units,
    "stop": units,
    "reload": units,
    "restart": units,
    "try-restart": units,
    "reload-or-restart": units,
    "try-reload-or-restart": units,
    "reset-failed": units,
    "recheck": units,
    "set-property": set_property,
    "load": plain,
    "reexec": reexec,
    "shutdown": plain,
}
