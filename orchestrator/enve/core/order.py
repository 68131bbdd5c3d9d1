"""An order by hand to units of the fleet, and what pm's client answers to it; pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from enve import errors
from enve.core.nodepaths import NodePaths
from enve.core.printable import printable
from enve.model.report import Outcome, Problem, Result

ACTS = (
    *("start", "stop", "restart", "reload", "try-restart", "reload-or-restart"),
    *("try-reload-or-restart", "set-property", "reset-failed"),
)
ASKS = ("cat", "list-dependencies", "logs")  # these answer with text
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
    """A verb of pm's client, and what stands behind the unit's name."""

    verb: str
    words: tuple[str, ...] = ()

    def command(self, paths: NodePaths, unit: str) -> str:
        """sh: the client does it to this unit (an address below the node)."""
        words = " ".join(shlex.quote(word) for word in (self.verb, unit, *self.words))
        return f"exec {paths.pm} {words}"

    @property
    def asks(self) -> bool:
        """Whether the answer is a text and nothing changes."""
        return self.verb in ASKS


def result(order: Order, node: str, address: str, answer: tuple[int, bytes, bytes]) -> Result:
    """What became of one address. `answer`: exit status, stdout, stderr of the client."""
    status, stdout, stderr = answer
    if status == 0:
        text = stdout.decode("utf-8", "replace")[:MOST_OUTPUT]
        outcome: Outcome = "unchanged" if order.asks else "changed"
        detail = "" if order.asks else last_line(stdout) or "done"
        return Result(node, outcome, detail, address=address, output=text if order.asks else "")
    if status in NOT_FOUND:
        problem = Problem("pm is not installed", errors.FAILED, hint="enve-deploy installs it")
        return Result(node, "failed", problem.message, problem=problem, address=address)
    outcome, code, hint = ANSWERS.get(status, ("failed", errors.FAILED, ""))
    said = last_line(stderr) or last_line(stdout) or f"pm ended with {status}"
    problem = Problem(said.removeprefix("pm: "), code, hint=hint)
    return Result(node, outcome, problem.message, problem=problem, address=address)


def last_line(text: bytes) -> str:
    """The last line that is not blank, safe to print."""
    lines = text[-4000:].decode("utf-8", "replace").strip().splitlines()
    return printable(lines[-1].strip(), 300) if lines else ""
