"""Where text for people goes: answers on stdout, complaints on stderr."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from enve.cli.color import is_terminal


class Screen(Protocol):
    """The owner of the terminal while a command on many nodes runs."""

    @property
    def together(self) -> bool:
        """Whether the answer and what is beside it are seen on one terminal."""

    def begin(self, nodes: tuple[str, ...]) -> None:
        """These nodes are about to be worked on."""

    def step(self, node: str, step: str, age: float = 0.0) -> None:
        """This node is at that step now, for `age` seconds already where that is known."""

    def done(self, node: str, good: bool) -> None:
        """This node is finished."""

    def line(self, text: str) -> None:
        """A line of the answer."""

    def warn(self, text: str) -> None:
        """A line beside the answer."""

    def paused(self) -> AbstractContextManager[None]:
        """Nothing moves meanwhile: somebody is asked something."""

    def close(self) -> None:
        """No more text."""


class PlainScreen:
    """Lines only: for pipes, files and dumb terminals."""

    @property
    def together(self) -> bool:
        """Both streams are the terminal."""
        return is_terminal(sys.stdout) and is_terminal(sys.stderr)

    def begin(self, nodes: tuple[str, ...]) -> None:
        """Lines only."""

    def step(self, node: str, step: str, age: float = 0.0) -> None:
        """Lines only."""

    def done(self, node: str, good: bool) -> None:
        """Lines only."""

    def line(self, text: str) -> None:
        """A line of the answer, at once."""
        print(text, flush=True)

    def warn(self, text: str) -> None:
        """A line beside the answer, at once."""
        print(text, file=sys.stderr, flush=True)

    def paused(self) -> AbstractContextManager[None]:
        """Nothing ever moves."""
        return nullcontext()

    def close(self) -> None:
        """Nothing is held back."""
