"""What is common to all managers that stand beside pm."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path


class Missing(Exception):
    """It cannot be measured here; says why."""


class Peer:
    """A manager in a folder: how it is started, asked to restart one service, and stopped."""

    name = ""
    start: list[str]
    restart_one: list[str]
    stop = signal.SIGTERM  # what ends it with all its services

    def __init__(self, folder: Path, units: int) -> None:
        self.folder = folder
        self.units = units

    @classmethod
    def version(cls) -> str:
        """Of what is installed."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return dict(os.environ)


def package_version(package: str, program: str) -> str:
    """The version of a package of this system. Raises Missing."""
    try:
        words = ["dpkg-query", "--show", "--showformat=${Version}", package]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        raise Missing(f"no program {program} (package {package})") from None
    return done.stdout.strip()
