"""A file system of its own in a file, mounted where the test says."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

SIZE = 128 << 20  # bytes: the least that btrfs takes, nearly


@contextmanager
def btrfs(folder: Path, size: int = SIZE) -> Iterator[Path]:
    """A fresh one of `size` bytes, mounted at `folder`/disk. Raises CalledProcessError, OSError."""
    image, at = folder / "image", folder / "disk"
    with image.open("wb") as file:
        file.truncate(size)
    _run("mkfs.btrfs", "-q", str(image))
    at.mkdir()
    _run("mount", "-o", "loop", str(image), str(at))
    try:
        yield at
    finally:
        _run("umount", str(at))
        image.unlink()


@cache
def refusal() -> str:
    """Why this host cannot, or nothing."""
    try:
        with tempfile.TemporaryDirectory() as folder, btrfs(Path(folder)):
            return ""
    except FileNotFoundError as error:
        return f"{error.filename} is missing (btrfs-progs)"
    except subprocess.CalledProcessError as error:
        return f"{error.cmd[0]}: {error.stderr.strip()}"


def _run(*words: str) -> None:
    subprocess.run(words, capture_output=True, text=True, check=True)
