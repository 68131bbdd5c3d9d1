"""A command that runs once on each node, or beside each resource, that is meant; pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace

from enve import errors
from enve.core.nodepaths import NodePaths
from enve.core.order import ANSWERS, HINTS, MOST_OUTPUT, Answer
from enve.core.printable import last_line
from enve.model.report import Problem, Result

PM = "pm: "  # what pm's client itself has to say begins so
BESIDE = ("process", "subpm")  # kinds that there is a place beside
STANDING = 'PATH={home}:"$PATH"; PMHOME={home}; export PATH PMHOME; exec '


def on_node(paths: NodePaths, words: Sequence[str]) -> str:
    """sh: the words as they stand, no shell reads them, where `pm` is that of the node."""
    return STANDING.format(home=paths.home) + shlex.join(words)


def beside(paths: NodePaths, unit: str, words: Sequence[str]) -> str:
    """sh: likewise, beside the process of a unit (its address below the node)."""
    return f"exec {paths.pm} {shlex.join(['enter', unit, '--', *words])}"


def result(node: str, address: str, answer: Answer) -> Result:
    """How it ended there. Any other end than 0 is a failure: the exit status stands beside it."""
    status = answer.status
    said = last_line(answer.stderr)
    if said.startswith(PM) and status in {*ANSWERS, errors.FAILED}:
        return _not_run(node, address, status, said.removeprefix(PM))
    ended = Result(
        node,
        "unchanged",
        address=address,
        output=_text(answer.stdout),
        stderr=_text(answer.stderr),
        status=status,
    )
    if status == 0:
        return ended
    told = f"exit status {status}" if status > 0 else f"signal {-status}"
    problem = Problem(f"the command ended with {told}", errors.FAILED)
    return replace(ended, outcome="failed", detail=told, problem=problem)


def _not_run(node: str, address: str, status: int, said: str) -> Result:
    """pm did not let it begin."""
    outcome, code = ANSWERS.get(status, ("failed", errors.FAILED))
    hint = next((hint for word, hint in HINTS.items() if word in said), "")
    problem = Problem(said, code, hint=hint)
    return Result(node, outcome, said, problem=problem, address=address)


def _text(data: bytes) -> str:
    return data[: 4 * MOST_OUTPUT].decode("utf-8", "replace")[:MOST_OUTPUT]
