"""`enve fire` on software that others have written, as a person would use it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.mirror import Mirror
from tests.support.others import PRODUCTS

MADE = re.compile(r"^making [a-z2-7]{32}-(\S+) \(", re.MULTILINE)


class Laptop:
    """A home of its own, with the command line in it."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        self.before: tuple[str, ...] = ()  # what stands before its commands
        path = os.environ["PATH"]
        self.env = {"PATH": path, "HOME": str(self.home), "LANG": "C.UTF-8"}

    def argv(self, *words: str) -> list[str]:
        return [*self.before, sys.executable, "-m", "enve", *words]

    def enve(self, *words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.argv(*words), env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == status, done.stderr[-3000:]
        return done

    def made(self, *words: str) -> list[str]:
        """The titles of what a command had to make in the store."""
        return MADE.findall(self.enve(*words).stderr)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self.argv(*words), env=self.env, stdin=subprocess.DEVNULL)


def profile(name: str) -> str:
    return str(PRODUCTS / name / "enve.yml")


@pytest.fixture
def laptop(tmp_path: Path) -> Laptop:
    return Laptop(tmp_path)


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    with Mirror(tmp_path / "www") as found:
        yield found
