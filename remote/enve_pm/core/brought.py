"""What a loader brought, and what came of it: words for a unit's state. Pure."""

from __future__ import annotations

from enve_pm.core.refusal import REPLAY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FIRST, LAST = 5_000, 900_000  # ms: rests after one failure, and after many
SHOWN = 300  # characters
NEWS = "nothing new: "


def outcome(answer: Any, seen: int) -> tuple[bool, str]:
    """Whether all is well, and the words. `answer`: of the acceptor; `seen`: the newest serial that
    this node knows in its lane."""
    good, text = _outcome(answer, seen)
    return good, shown(text)


def _outcome(answer: Any, seen: int) -> tuple[bool, str]:
    if answer.verdict == "accepted":
        return True, "took %s #%d" % (answer.lane, answer.serial)
    if answer.verdict == "duplicate":
        return True, NEWS + "%s #%d is held" % (answer.lane, answer.serial)
    if answer.code == REPLAY and answer.serial < seen:
        return True, NEWS + answer.reason
    if answer.verdict == "rejected":
        return False, "refused (%s): %s" % (answer.code, answer.reason)
    return False, "%s: %s" % (answer.verdict, answer.reason)


def rest(every: int, failures: int, chance: int) -> int:
    """ms until the next try; chance: any number of 0 to 999. After failures it grows from 5 s to a
    quarter of an hour (or `every`, if that is longer), and never shrinks to less than its half."""
    if not failures:
        return every
    longest = max(LAST, every)
    whole = min(longest, FIRST << min(failures - 1, 20))
    return whole // 2 + whole // 2 * chance // 1000


def said(data: bytes) -> tuple[bool, str] | None:
    """What a loader says for itself, `good TEXT` or `bad TEXT`; None: that is none of it."""
    word, _, text = data[:2000].decode("utf-8", "replace").partition(" ")
    if word not in ("good", "bad"):
        return None
    return word == "good", shown(text)


def shown(text: object) -> str:
    """One line that a terminal may show, of bounded length: strangers had a say in it."""
    line = "".join(sign if sign.isprintable() else " " for sign in str(text)[: 4 * SHOWN])
    return " ".join(line.split())[:SHOWN]
