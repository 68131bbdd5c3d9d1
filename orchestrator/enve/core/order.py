"""An order by hand to units of the fleet, and what pm's client answers to it; pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from enve import errors
from enve.core.nodepaths import NodePaths
from enve.core.printable import last_line
from enve.model.report import Outcome, Problem, Result
from enve_pm.core import address

UNIT_ACTS = (  # of units alone; pm notes who asked
    *("start", "stop", "restart", "reload", "try-restart", "reload-or-restart"),
    *("try-reload-or-restart", "reset-failed", "recheck"),
)
ACTS = (*UNIT_ACTS, "set-property")
# One command a unit: one that pm refuses takes none of the others along.
ALONE = ("set-property", "recheck")
UNCHECKED = "wanted a resource"  # what pm says where there is nothing to check
ASKS = ("cat", "list-dependencies", "logs", "why")  # these answer with text
MOST_OUTPUT = 8 << 20  # characters of one answer that are kept

NOT_FOUND = (126, 127)  # sh: there is no such program, or it may not be run
# pm's client's exit code: how the address came out, and the exit code here.
ANSWERS: dict[int, tuple[Outcome, int]] = {
    errors.REFUSED: ("refused", errors.REFUSED),
    errors.USAGE: ("failed", errors.USAGE),
    errors.DEADLINE: ("deadline", errors.DEADLINE),
}
# What helps, by a word of what pm's client said.
HINTS = {
    "owner": "its owner may: log in as that user (-u), or become root (-b)",
    "not yours": "its owner may: log in as that user (-u), or become root (-b)",
    "no unit": "`enve list` shows what there is",
    "not running": "enve-deploy starts it",
    "not done after": "`enve list -w` shows how it goes on",
    "need": "--with-dependents takes along what needs it",
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
        return self.verb in ACTS and self.verb not in ALONE


class Answer(NamedTuple):
    """What pm's client said."""

    status: int
    stdout: bytes
    stderr: bytes


def result(order: Order, node: str, where: str, answer: Answer) -> Result:
    """What became of one unit; `where`: its whole address."""
    if answer.status == 0 and order.asks:
        text = answer.stdout.decode("utf-8", "replace")[:MOST_OUTPUT]
        return Result(node, "unchanged", address=where, output=text)
    if answer.status == 0:
        return Result(node, "changed", last_line(answer.stdout) or "done", address=where)
    outcome, problem = _problem(answer)
    return Result(node, outcome, problem.message, problem=problem, address=where)


def passed_over(order: Order, told: Result) -> Result:
    """A pattern means what can be checked, and no more: the answer of what can not."""
    if order.verb != "recheck" or not told.detail.startswith(UNCHECKED):
        return told
    return Result(told.node, "skipped", "nothing to check", address=told.address)


def results(order: Order, node: str, units: Sequence[str], answer: Answer) -> list[Result]:
    """What became of each unit of one command. Units of one pm: its words name them bare."""
    said = answer.stderr[-65536:].decode("utf-8", "replace").splitlines()
    failed = {unit: line for unit in units for line in said if _names(line, unit)}
    stray = [unit for unit in units if said and said[-1].endswith(_unknown(unit))]
    if stray:  # then pm does nothing of the command
        alone = answer._replace(stderr=f"left alone, as {said[-1]}".encode())
        told = {unit: answer if unit in stray else alone for unit in units}
        return [result(order, node, full(node, unit), told[unit]) for unit in units]
    if answer.status != errors.FAILED or not failed:
        return [result(order, node, full(node, unit), answer) for unit in units]
    one = {unit: answer._replace(stderr=line.encode()) for unit, line in failed.items()}
    good = Answer(0, b"", b"")
    return [result(order, node, full(node, unit), one.get(unit, good)) for unit in units]


def _unknown(unit: str) -> str:
    return f"no unit is called {address.parse(unit)[-1]}"


def _names(line: str, unit: str) -> bool:
    """Whether a line such as `web: FAIL exit:1` is about this unit."""
    return line.startswith(f"{address.parse(unit)[-1]}: ")


def _problem(answer: Answer) -> tuple[Outcome, Problem]:
    if answer.status in NOT_FOUND:
        told = "pm is not installed"
        return "failed", Problem(told, errors.FAILED, hint="enve-deploy installs it")
    outcome, code = ANSWERS.get(answer.status, ("failed", errors.FAILED))
    said = last_line(answer.stderr) or last_line(answer.stdout)
    told = said.removeprefix("pm: ") or f"pm ended with {answer.status}"
    hint = next((hint for word, hint in HINTS.items() if word in told), "")
    return outcome, Problem(told, code, hint=hint)


def full(node: str, unit: str) -> str:
    """The whole address of a unit."""
    return f"{address.format((node,))}.{unit}"
