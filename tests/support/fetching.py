"""What tests fetch with, and git repositories that they fetch from."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from enve_fire.core import url as urls
from enve_fire.fetch.fetch import Fetched, How, fetch
from enve_fire.store.store import Store

MAIN = Path(__file__).parents[2] / "remote" / "enve_fire" / "__main__.py"
PLAIN = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}


class Fetcher:
    """`lines`: what was reported."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {**PLAIN, "ENVE_STORE": str(folder / "store")}
        self.store = Store.of(self.environ)
        self.lines: list[str] = []
        self.patience = 20.0

    def how(self, **how: Any) -> How:
        found = How(report=self.lines.append, environ=self.environ, patience=self.patience)
        return found._replace(**how)

    def __call__(self, url: str, **how: Any) -> Fetched:
        return fetch(urls.parse(url), self.store, self.how(**how))

    def command(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """`fetch WORDS` by a process."""
        argv = [sys.executable, "-I", "-S", str(MAIN), "fetch", *words]
        env = {**self.environ, **environ}
        return subprocess.run(argv, env=env, capture_output=True, text=True, check=False)


class Repo:
    """A git repository that is worked in."""

    def __init__(self, path: Path, *words: str) -> None:
        self.path = path
        path.mkdir()
        self.git("init", "-q", "-b", "main", *words)

    @property
    def url(self) -> str:
        return f"git+file://{self.path}"

    def git(self, *words: str) -> str:
        config = ("-c", "user.name=me", "-c", "user.email=me@x", "-c", "protocol.file.allow=always")
        env = {**PLAIN, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *config, *words], cwd=self.path, env=env, check=True, capture_output=True
        )
        return done.stdout.decode().strip()

    def commit(self, **files: str) -> str:
        """Files by name (`__` is a slash); the new commit's id."""
        for name, content in files.items():
            place = self.path / name.replace("__", "/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "x")
        return self.git("rev-parse", "HEAD")
