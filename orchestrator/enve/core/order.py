"""An order by hand to units of the fleet, and what pm's client answers to it; pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from enve import errors
from enve.core.nodepaths import NodePaths
from enve.core.printable import printable
from enve.model.report import Outcome, Problem, Result
from enve_pm.core import address
from enve_pm.core.states import FAIL, RUNNING, STARTING_FAIL, STOPPED

ACTS = (
    *("start", "stop", "restart", "reload", "try-restart", "reload-or-restart"),
    *("try-reload-or-restart", "set-property", "reset-failed"),
)
ASKS = ("cat", "list-dependencies", "logs")  # these answer with text
FAILURES = (FAIL, STARTING_FAIL)
MOST_OUTPUT = 8 << 20  # characters of one answer that are kept

NOT_FOUND = (126, 127)  # sh: there is no such program, or it may not be run
# pm's client's exit code: how the address came out, and what helps.
ANSWERS: dict[int, tuple[Outcome, int, str]] = {
    errors.FAILED: ("failed", errors.FAILED, "`enve logs` tells more"),
    errors.REFUSED: (
        "refused",
        errors.REFUSED,
        "its owner may: log in as that user (-u), or become root (-b)",
    ),
    errors.USAGE: ("failed", errors.USAGE, "`enve list` shows what there is"),
    errors.DEADLINE: ("deadline", errors.DEADLINE, "`enve list -w` shows how it goes on"),
}


@dataclass(frozen=True, slots=True)
class Order:
    """A verb of pm's client; flags before the units, words behind them."""

    verb: str
    flags: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def command(self, paths: NodePaths, units: Sequence[str]) -> str:
        """sh: the client does it to these units (addresses below the node)."""
        words = (self.verb, *self.flags, *units, *self.words)
        return f"exec {paths.pm} {' '.join(map(shlex.quote, words))}"

    @property
    def asks(self) -> bool:
        """Whether the answer is a text and nothing changes."""
        return self.verb in ASKS

    @property
    def together(self) -> bool:
        """Whether one command takes several units: pm then puts their order right."""
        return self.verb in ACTS and self.verb != "set-property"

    def reached(self, state: str) -> bool:
        """Whether a unit in this state has what the verb wants."""
        if self.verb == "stop":
            return state == STOPPED
        if self.verb.startswith("try-"):
            return state in (RUNNING, STOPPED)
        return state == RUNNING if self.verb != "reset-failed" else state not in FAILURES


class Answer(NamedTuple):
    """What pm's client said."""

    status: int
    stdout: bytes
    stderr: bytes


def result(order: Order, node: str, unit: str, answer: Answer) -> Result:
    """What became of one unit."""
    where = full(node, unit)
    if answer.status == 0 and order.asks:
        text = answer.stdout.decode("utf-8", "replace")[:MOST_OUTPUT]
        return Result(node, "unchanged", address=where, output=text)
    if answer.status == 0:
        return Result(node, "changed", last_line(answer.stdout) or "done", address=where)
    outcome, problem = _problem(unit, answer)
    return Result(node, outcome, problem.message, problem=problem, address=where)


def _problem(unit: str, answer: Answer) -> tuple[Outcome, Problem]:
    if answer.status in NOT_FOUND:
        told = "pm is not installed"
        return "failed", Problem(told, errors.FAILED, hint="enve-deploy installs it")
    outcome, code, hint = ANSWERS.get(answer.status, ("failed", errors.FAILED, ""))
    said = _about(unit, answer.stderr) or last_line(answer.stdout)
    told = said.removeprefix("pm: ") or f"pm ended with {answer.status}"
    return outcome, Problem(told, code, hint=hint)


def _about(unit: str, text: bytes) -> str:
    """The line that names the unit, where several were told of; else the last one."""
    lines = text[-65536:].decode("utf-8", "replace").splitlines()
    name = re.compile(rf"(^|[\s'\"]){re.escape(unit)}($|[\s'\":,;])")
    found = next((line for line in lines if name.search(line)), "")
    return printable(found.strip(), 300) or last_line(text)


def full(node: str, unit: str) -> str:
    """The whole address of a unit."""
    return f"{address.format((node,))}.{unit}"


def last_line(text: bytes) -> str:
    """The last line that is not blank, safe to print."""
    lines = text[-4000:].decode("utf-8", "replace").strip().splitlines()
    return printable(lines[-1].strip(), 300) if lines else ""
