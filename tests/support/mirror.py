"""A loopback web server with what others have written: archives, and git repositories as dumb http
serves them."""

from __future__ import annotations

import subprocess
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.support.fetching import Repo


class _Quiet(SimpleHTTPRequestHandler):
    def __init__(self, *args: Any, asked: list[str], **more: Any) -> None:
        self._asked = asked
        super().__init__(*args, **more)

    def do_GET(self) -> None:
        self._asked.append(self.path)
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


class Mirror:
    """`folder`: what is served; `asked`: the paths that somebody wanted; a context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.asked: list[str] = []
        handler = partial(_Quiet, directory=str(folder), asked=self.asked)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Mirror:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def archive(self, path: Path) -> str:
        """Its url."""
        here = self.folder / path.name
        if not here.exists():
            here.symlink_to(path)
        return f"{self.url}/{path.name}"

    def repo(self, name: str, archive: Path, **more: str) -> Repo:
        """A repository whose first commit is what the archive holds, and files beside."""
        repo = Repo(self.folder / name)
        unpack = ["tar", "xf", str(archive), "-C", str(repo.path), "--strip-components=1"]
        subprocess.run(unpack, check=True)
        repo.git("add", "-Af")  # whatever its authors keep out of theirs
        repo.commit(**more)
        self.publish(repo)
        return repo

    def publish(self, repo: Repo) -> str:
        """Its url for git, with all that was committed by now."""
        repo.git("update-server-info")
        return f"git+{self.url}/{repo.path.name}/.git"
