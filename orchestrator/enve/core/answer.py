"""Acks to answers, and answers to the result and exit code of a node: one table, no guessing."""

from __future__ import annotations

from collections.abc import Mapping

from enve import errors
from enve.core import again
from enve.core.printable import printable, shortened
from enve.model.march import Answer
from enve.model.report import Outcome, Problem, Result
from enve_fire.core.trouble import MEANINGS
from enve_pm.core import refusal, states
from enve_pm.wire import record

# Which exit code a rejection has: refused by a keyhole or rule, taken by somebody, or a failure.
REJECTED: Mapping[str, int] = {
    refusal.SIGNATURE: errors.REFUSED,
    refusal.KEYHOLE: errors.REFUSED,
    refusal.SCOPE: errors.REFUSED,
    refusal.CEILING: errors.REFUSED,
    refusal.EXPIRED: errors.REFUSED,
    refusal.REPLAY: errors.REFUSED,
    "rights": errors.REFUSED,  # the writer's own: the login may not write the pipe
    refusal.STALE_BASE: errors.LEASED,
    refusal.EQUIVOCATION: errors.LEASED,
    refusal.CLOCK: errors.FAILED,
    refusal.LANE: errors.FAILED,
    refusal.STORAGE: errors.FAILED,
    refusal.LACKS: errors.FAILED,
    refusal.VERSION: errors.FAILED,
    refusal.BLOB: errors.FAILED,
    refusal.FORMAT: errors.FAILED,
}
HINTS: Mapping[str, str] = {
    refusal.KEYHOLE: "sign with a key that the blueprint names, or ask the architect",
    refusal.SCOPE: "sign with a key whose scope covers it, or ask the architect",
    refusal.CEILING: "the blueprint's ceiling of that spot is lower: ask the architect",
    refusal.STALE_BASE: "somebody else marched: look at what the nodes hold, march again",
    refusal.EQUIVOCATION: "two plans bear this serial: find out who signed the other one",
    refusal.CLOCK: "set the node's clock, or this machine's",
    refusal.LANE: "another lane holds the spot: drop it there first",
    refusal.STORAGE: "free space on the node, then march again",
    refusal.LACKS: "install gpgv on the node; `enve-deploy -C` names what it lacks",
    "rights": "log in as its owner, or as a member of pm-march",
    refusal.EXPIRED: "march the plan again: that signs a new head",
    refusal.REPLAY: "march the plan again; a serial that is too far above: `enve-deploy` first",
}
LONGEST = 200  # characters of what is told of a unit in its line
FAILED = (states.FAIL, states.STARTING_FAIL)
WAITS = "waits for its pm"  # the node's word for a spot whose pm is not wanted up
OUTCOMES: Mapping[int, Outcome] = {
    errors.REFUSED: "refused",
    errors.LEASED: "leased",
    errors.FAILED: "failed",
    errors.UNREACHABLE: "unreachable",
    errors.DEADLINE: "deadline",
}


def parse(line: bytes, nonce: str) -> Answer | None:
    """An ack line of our attempt `nonce`; None for another attempt's, FormatError for no ack."""
    ack = record.parse_ack(line)
    if ack.nonce != nonce:
        return None
    spots = {
        printable(name): (printable(spot["state"]), printable(spot["result"]))
        for name, spot in ack.spots.items()
    }
    reason = printable(ack.reason, 500)
    return Answer(ack.verdict, ack.final, printable(ack.code), reason, ack.serial, spots)


def result(node: str, answer: Answer, seconds: float = 0.0) -> Result:
    """The last word on one node of a march."""
    match answer.word:
        case "applied":
            return Result(node, "changed", _applied(answer), seconds, verdict="applied")
        case "unsent":
            return Result(node, "unchanged", "up to date", seconds, verdict="unsent")
        case "duplicate":
            return _duplicate(node, answer, seconds)
        case _:
            return _bad(node, answer, seconds)


def _applied(answer: Answer) -> str:
    return f"applied #{answer.serial}" if answer.serial else "applied"


def _duplicate(node: str, answer: Answer, seconds: float) -> Result:
    """The node had this very plan already, and says how it stands there."""
    if troubled(answer):
        return _bad(node, answer, seconds)
    return Result(node, "unchanged", f"held #{answer.serial} already", seconds, verdict="duplicate")


def troubled(answer: Answer) -> dict[str, str]:
    """The spots that failed, or could not be reloaded: name -> why."""
    return {
        name: result or state
        for name, (state, result) in answer.spots.items()
        if state in FAILED or unreloaded(state, result)
    }


def unreloaded(state: str, told: str) -> bool:
    """Whether it runs by its old config, as the new one could not be reloaded."""
    return state == states.RUNNING and f"{states.RELOAD_STEP}: " in told


def _reasons(answer: Answer) -> dict[str, str]:
    """Of the spots that failed, and of those that no pm has at all."""
    none = {name: result for name, (state, result) in answer.spots.items() if not state}
    said = {name: why for name, why in none.items() if why not in ("", "gone", WAITS)}
    return {**said, **troubled(answer)}


def _bad(node: str, answer: Answer, seconds: float) -> Result:
    code = exit_code(answer)
    message, hint = _told(answer)
    if hint == WHY:
        bad = {name: answer.spots[name][0] for name in troubled(answer)}
        hint = ", ".join(filter(None, (WHY, again.hint(node, bad))))
    problem = Problem(message, code, notes=_notes(answer), hint=hint)
    return Result(node, OUTCOMES[code], message, seconds, problem, verdict=answer.word)


def _notes(answer: Answer) -> tuple[str, ...]:
    """What is wrong with which spots, or what is still at work; and what they have printed."""
    rows = _at_work(answer) if answer.word == "accepted" else _reasons(answer)
    notes = []
    for name, why in sorted(rows.items())[:MOST]:
        said = answer.said.get(name, ())
        meant = _meant(name, why)
        notes.append(f"{name}  {_without_detail(meant) if said else shortened(meant, LONGEST)}")
        notes += [f"  | {line}" for line in said]
    return tuple(notes)


def _without_detail(why: str) -> str:
    """`exit:82 build (make: ...)` where its own lines say it: `exit:82 build`."""
    return why.partition(" (")[0]


def _meant(name: str, why: str) -> str:
    """With what the exit status of a stage stands for."""
    word, blank, rest = why.partition(" ")
    code = word.removeprefix("exit:")
    known = "!" in name and code.isascii() and code.isdigit() and len(code) < 4
    means = MEANINGS.get(int(code), "") if known else ""
    return f"{word} {means}{blank}{rest}" if means else why


def _at_work(answer: Answer) -> dict[str, str]:
    states_ = {name: state for name, (state, _) in answer.spots.items()}
    return {name: state for name, state in states_.items() if state == states.STARTING}


def exit_code(answer: Answer) -> int:
    """The exit code of one node's answer."""
    match answer.word:
        case "applied" | "unsent":
            return errors.OK
        case "duplicate":
            return errors.FAILED if troubled(answer) else errors.OK
        case "rejected":
            return REJECTED.get(answer.code, errors.FAILED)
        case "failed" | "need-full":
            return errors.FAILED
        case "unreachable" | "busy" | "pending":
            return errors.UNREACHABLE
        case _:
            return errors.DEADLINE


MOST = 20  # spots that are told of a node
UNDELIVERED: Mapping[str, str] = {
    "its pm does not run": "enve-deploy starts it, or gives it its pipe back",
    "its pipe is missing": "enve-deploy makes it anew; no service restarts",
}
WHY = "`enve why ADDRESS` tells more, `enve logs ADDRESS` all"
# What to say of an answer, and what to do next.
TOLD: Mapping[str, tuple[str, str]] = {
    "failed": ("accepted, but not everything runs{}", WHY),
    "duplicate": ("held already, but not everything runs{}", WHY),
    "need-full": ("asked for the whole part after it had been sent whole", ""),
    "busy": ("its pipe stayed full; nothing was changed", "march again later"),
    "pending": ("not sent{}", ""),
    "accepted": (
        "accepted, still at work{}",
        "it goes on there: `enve list -w` shows how, `enve why ADDRESS` why; -T waits longer",
    ),
    "unreachable": ("unreachable{}; nothing was sent", ""),
    "deadline": (
        "no answer within the deadline{}; nothing was sent",
        "a longer deadline: -T SECONDS",
    ),
    "unknown": ("sent, but no answer came{}", "march again: that finds out"),
}


def _told(answer: Answer) -> tuple[str, str]:
    because = f": {answer.reason}" if answer.reason else ""
    if answer.word == "rejected":
        told = f"rejected ({answer.code}){because}; nothing was changed"
        return told, HINTS.get(answer.code, "")
    if answer.word == "failed" and not answer.serial:  # it was no ack that said so
        return f"not delivered{because}; nothing was changed", UNDELIVERED.get(answer.reason, "")
    text, hint = TOLD[answer.word]
    return text.format(because), hint
