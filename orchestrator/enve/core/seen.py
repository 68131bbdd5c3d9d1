"""What `march look` shows of a node to a listing: sections of one line, whole and bounded.

(A march reads the same answer for what the node holds and can prove: `enve.core.look`.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from enve.core.foreign import name, read
from enve.core.published import Lane, Status, Sub, Unit, lanes, status, sub
from enve_pm.core.filename import unquote
from enve_pm.core.refusal import FormatError

ABSENT = "absent"  # the section that says: there is no pm here
MOST_BYTES = 32 << 20
MOST_SECTIONS = 1100


@dataclass(frozen=True, slots=True)
class Seen:
    """One node, at one moment. `now`: unix seconds by its clock; `pm`: a /proc/PID/stat line."""

    now: int = 0
    boot: str = ""
    pm: str = "-"
    status: Status | None = None
    lanes: Mapping[str, Lane] = field(default_factory=dict)
    subs: Mapping[str, Sub] = field(default_factory=dict)
    installed: bool = True
    outdated: bool = False  # the disk takes no newer states

    @property
    def alive(self) -> bool:
        """Whether the pm that wrote the status is the process that has its pid now."""
        wrote = self.status
        if wrote is None or not self.boot or wrote.boot != self.boot:
            return False
        return process(self.pm) == (wrote.pid, wrote.start)


def units(shown: Seen, above: Sequence[str]) -> Mapping[str, Unit]:
    """The units of the pm that these names lead to; none where that is not known."""
    status, subs = shown.status, shown.subs
    for step in above:
        if step not in subs:
            return {}
        status, subs = subs[step].status, subs[step].subs
    return status.units if status is not None else {}


def unit(shown: Seen, steps: Sequence[str]) -> Unit | None:
    """The unit of an address below the node."""
    return units(shown, steps[:-1]).get(steps[-1])


def parse(raw: bytes) -> Seen:
    """What was printed. Raises FormatError, whose text may repeat what was printed."""
    found = sections(raw)
    if ABSENT in found:
        return Seen(installed=False)
    for section in ("now", "boot", "pm", "status"):
        if section not in found:
            raise FormatError(f"no section {section!r}")
    return Seen(
        now=_seconds(found["now"]),
        boot=found["boot"][:64].strip(),
        pm=found["pm"][:4096],
        status=read(found["status"], "status", status),
        lanes=read(found.get("held", ""), "held", lanes) or {},
        subs=_subs(found),
        outdated=found.get("disk", "").strip() == "outdated",
    )


def sections(raw: bytes) -> dict[str, str]:
    """The lines by the names above them: `== NAME` LF, then one line LF or none."""
    if len(raw) > MOST_BYTES:
        raise FormatError(f"wanted at most {MOST_BYTES >> 20} MiB")
    try:
        lines = raw.decode().split("\n")
    except UnicodeDecodeError as error:
        raise FormatError(f"not UTF-8 at byte {error.start}") from None
    if lines.pop() or len(lines) > 2 * MOST_SECTIONS:
        raise FormatError("it ends within a line, or has too many sections")
    return _by_name(lines)


def _by_name(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    name, filled = "", True
    for line in lines:
        if line.startswith("== "):
            name, filled = line[3:], False
            if name in found:
                raise FormatError(f"two sections {name[:80]!r}")
            found[name] = ""
        elif filled:
            raise FormatError(f"wanted '== NAME', found {line[:80]!r}")
        else:
            found[name], filled = line, True
    return found


def process(stat: str) -> tuple[int, int] | None:
    """(pid, start in ticks) of a line of /proc/PID/stat; None when there is no live process."""
    head, _, rest = stat.rpartition(")")
    words = rest.split()
    pid = head.partition(" ")[0]
    if len(words) < 20 or words[0] in ("Z", "X", "x"):
        return None
    return (int(pid), int(words[19])) if _digits(pid) and _digits(words[19]) else None


def _subs(found: Mapping[str, str]) -> dict[str, Sub]:
    texts = {section: text for section, text in found.items() if section.startswith("sub ")}
    ones = {_name(section[4:]): read(text, section, sub) for section, text in texts.items()}
    return {pm: one for pm, one in ones.items() if one is not None}


def _name(file: str) -> str:
    """The sub-pm whose file in `public/sub/` bears this name, without its `.json`."""
    try:
        return name(unquote(file.removesuffix(".json")))
    except ValueError as error:
        raise FormatError(f"sub {file[:80]!r}: {error}") from None


def _seconds(text: str) -> int:
    if not _digits(text.strip()):
        raise FormatError(f"now: wanted seconds, found {text[:40]!r}")
    return int(text)


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 16
