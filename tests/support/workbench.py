"""A developer's machine: a home of its own, products as folders or git repositories, and the stages
run as a process (`enve_fire fire ...`), with profiles that are rendered already."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MAIN = Path(__file__).parents[2] / "remote" / "enve_fire" / "__main__.py"
ARGV = (sys.executable, "-I", "-S", str(MAIN))
# Writes down each time that it is run, beside the source, so builds can be counted.
BUILD = ("mkdir -p $OUT$PREFIX/bin", "cp greet $OUT$PREFIX/bin/greet", "date +%N >$OUT$PREFIX/when")
GREET = "#!/bin/sh\necho hello ${1:-you}\n"


def table(title: str = "greet", **sections: Any) -> dict[str, Any]:
    """A profile that installs what a source has as `greet`."""
    base = {
        "enve": 1,
        "title": title,
        "version": "1",
        "prefix": "/opt/" + title,
        "build": {"run": list(BUILD), "sandbox": "none"},  # walls have tests of their own
        "run": {"cmd": [f"/opt/{title}/bin/greet"]},
    }
    return {**base, **sections}


@contextmanager
def room() -> Iterator[Path]:
    """A folder, in memory where there is some: what is synced there waits for nobody's disk."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="bench-", dir=memory) as folder:
        yield Path(folder)


class Workbench:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.home = path / "home"
        self.home.mkdir()
        self.env = {"HOME": str(self.home), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}

    def source(self, name: str = "greet", **files: str) -> Path:
        """A folder with `greet`, and more: name=content, where `__` stands for a dot."""
        folder = self.path / name
        folder.mkdir()
        self.write(folder / "greet", GREET, 0o755)
        for key, content in files.items():
            self.write(folder / key.replace("__", "."), content)
        return folder

    @staticmethod
    def write(path: Path, content: str, mode: int = 0o644) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(mode)
        return path

    def profile(self, wanted: dict[str, Any], name: str = "profile.json") -> Path:
        """A file for -f."""
        return self.write(self.path / name, json.dumps(wanted))

    def git(self, folder: Path, *words: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
        env = {**self.env, "GIT_COMMITTER_DATE": "1700000000 +0000"}
        argv = ["git", *who, "-C", str(folder), *words]
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def repository(self, name: str = "greet", **files: str) -> Path:
        folder = self.source(name, **files)
        self.git(folder, "init", "-q")
        self.commit(folder)
        return folder

    def commit(self, folder: Path) -> str:
        self.git(folder, "add", "-A")
        self.git(folder, "commit", "-q", "--date=1700000000 +0000", "--allow-empty", "-m", "x")
        return self.git(folder, "rev-parse", "HEAD")

    def fire(
        self, *words: str | Path, cwd: Path | None = None, before: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """`enve_fire fire WORDS`, whatever comes of it. `before`: what stands before it."""
        return self.stages("fire", *words, cwd=cwd, before=before)

    def stages(
        self, *words: str | Path, cwd: Path | None = None, before: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """`enve_fire WORDS`, likewise."""
        argv = [*before, *ARGV, *map(str, words)]
        return subprocess.run(
            argv,
            env=self.env,
            cwd=cwd or self.path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def good(self, *words: str | Path, cwd: Path | None = None) -> str:
        """What it prints; it succeeds."""
        done = self.fire(*words, cwd=cwd)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout.strip()

    def shelf(self, catalog: str) -> Path:
        """Of sources that only we may read, such as all below a test's folder."""
        who = pwd.getpwuid(os.geteuid()).pw_name
        return self.home / ".cache/enve/store" / f"{who}-private-{catalog}"

    def entries(self, catalog: str) -> set[str]:
        """Names of all that is in the store, or is left from making it, but for failures."""
        shelf = self.shelf(catalog)
        known = (".meta", ".used", ".lock", ".roots", ".failed")
        return {one.name for one in shelf.iterdir()} - set(known) if shelf.exists() else set()
