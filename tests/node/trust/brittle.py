"""Disks that fail: at a chosen step an error, or a power cut that keeps only what was synced."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from enve_pm.shell.state.disk import Disk


class PowerCut(BaseException):
    """Nothing after this moment happens."""


class Brittle(Disk):
    """Counts every step that changes something; at step `at` it does `fate` instead.

    fate "error": the step fails. "half": it is done, then fails. "cut": power goes before it;
    "cut after": behind it.
    """

    def __init__(self, at: int = -1, fate: str = "error", code: int = errno.ENOSPC) -> None:
        self.steps: list[str] = []
        self.at = at
        self.fate = fate
        self.code = code

    def _step(self, what: str, act: Callable[[], None]) -> None:
        mine = len(self.steps) == self.at
        self.steps.append(what)
        if not mine:
            act()
            return
        if self.fate in ("half", "cut after"):
            act()
        if self.fate.startswith("cut"):
            raise PowerCut
        raise OSError(self.code, os.strerror(self.code), what)

    def create(self, path: str, data: bytes, mode: int = 0o600, lasting: bool = True) -> None:
        act = super().create
        self._step("create " + path, lambda: act(path, data, mode, lasting))

    def rename(self, old: str, new: str) -> None:
        act = super().rename
        self._step("rename " + new, lambda: act(old, new))

    def sync(self, folder: str) -> None:
        act = super().sync
        self._step("sync " + folder, lambda: act(folder))

    def make_folder(self, path: str) -> None:
        act = super().make_folder
        self._step("mkdir " + path, lambda: act(path))

    def remove(self, path: str) -> None:
        act = super().remove
        self._step("remove " + path, lambda: act(path))

    def remove_folder(self, path: str) -> None:
        act = super().remove_folder
        self._step("rmdir " + path, lambda: act(path))


class Forgetful(Brittle):
    """A disk that may lose, in a power cut, every name that was not synced with its folder.

    `lose()` undoes the renames since the last sync of their folder, newest first.
    """

    def __init__(self, at: int, fate: str, keep: Path) -> None:
        super().__init__(at, fate)
        self.keep = keep
        self.loose: list[
            tuple[Path, Path, Path | None]
        ] = []  # old, new, where the replaced one is kept

    def rename(self, old: str, new: str) -> None:
        kept = None
        if Path(new).exists():
            kept = self.keep / str(len(self.steps))
            copy = shutil.copytree if Path(new).is_dir() else shutil.copy
            copy(new, kept)
        super().rename(old, new)
        self.loose.append((Path(old), Path(new), kept))

    def sync(self, folder: str) -> None:
        super().sync(folder)
        self.loose = [row for row in self.loose if str(row[1].parent) != folder]

    def lose(self) -> None:
        for old, new, kept in reversed(self.loose):
            if new.exists():
                new.rename(old)
            if kept is not None:
                kept.rename(new)
