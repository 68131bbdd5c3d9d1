"""What is run again though nothing has changed: a product, and the same for make and nix-build."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.laid import PM, STAGES, lay

BARE, NODE, GIT, LAPTOP = "python3 -I -S", "enve: folder", "enve: git", "enve: laptop, folder"
MAKE, NIX = "make", "nix-build"
FIND = "find, which looks at each file"
FOLDER = 100  # files in one
TABLE = {
    "enve": 1,
    "title": "noop",
    "prefix": "/opt/noop",
    "build": {"run": ["mkdir -p $OUT$PREFIX; date >$OUT$PREFIX/when"]},
    "run": {"cmd": ["/bin/true"]},
}
MAKEFILE = """\
all: $(patsubst %.c,%.o,$(wildcard *.c))
%.o: %.c
\tcp $< $@
"""
DERIVATION = """\
derivation { name = "noop"; system = builtins.currentSystem; builder = "/bin/sh";
  args = [ "-c" "echo >$out" ]; src = ./source; }
"""


class Case:
    """`words`: what is run, over and over; `env`, `cwd`: with and in what."""

    def __init__(self, words: Sequence[str], env: Mapping[str, str], cwd: Path) -> None:
        self.words = list(words)
        self.env = dict(env)
        self.cwd = cwd
        self.times: list[float] = []

    def run(self) -> float:
        """ms."""
        begun = time.perf_counter()
        done = subprocess.run(
            self.words, env=self.env, cwd=self.cwd, capture_output=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{self.words}: {done.stderr.decode(errors='replace')[-400:]}")
        return (time.perf_counter() - begun) * 1000

    @property
    def figure(self) -> tuple[float, float]:
        """Median and best, ms."""
        return statistics.median(self.times), min(self.times)


def small(folder: Path, files: int, python: str) -> dict[str, Case]:
    """A product of a few files, by name; what is not on this machine is left out."""
    source = folder / "source"
    source.mkdir()
    for number in range(files):
        line = f"int f{number}(void) {{ return {number}; }}\n"
        (source / f"file{number}.c").write_text(line * 40)
    env = _product(source, folder)
    laptop = str(Path(sys.executable).parent / "enve")
    found = {
        BARE: Case([python, "-I", "-S", "-c", "pass"], env, folder),
        NODE: _fire(str(source), python, env, folder),
        GIT: _fire(_repository(source, folder, env), python, env, folder),
        LAPTOP: Case([laptop, "run", str(source)], env, folder),
        MAKE: Case(["make", "-s"], env, _made(source, folder)),
    }
    return found | _nix(folder, env)


def large(folder: Path, size: int, files: int, python: str) -> dict[str, Case]:
    """A product of `size` MiB in `files` files."""
    source = folder / "source"
    grow(source, size, files)
    env = _product(source, folder)
    never = ["find", str(source), "-newermt", "2100-01-01"]
    found = {NODE: _fire(str(source), python, env, folder), FIND: Case(never, env, folder)}
    return found | _nix(folder, env)


def grow(top: Path, size: int, files: int) -> None:
    """Files of one size, no two the same."""
    content = os.urandom((size << 20) // files)
    for number in range(files):
        folder = top / f"d{number // FOLDER % 50}" / f"e{number // FOLDER}"
        if number % FOLDER == 0:
            folder.mkdir(parents=True)
        (folder / f"f{number}").write_bytes(number.to_bytes(8, "big") + content[8:])


def _product(source: Path, folder: Path) -> dict[str, str]:
    """The environment in which it is one."""
    for name in ("enve.json", "enve.yml"):
        (source / name).write_text(json.dumps(TABLE))
    home = folder / "home"
    home.mkdir()
    return {**os.environ, "HOME": str(home), "ENVE_STORE": str(folder / "store")}


def _fire(url: str, python: str, env: Mapping[str, str], folder: Path) -> Case:
    """By the program as a node has it, which is laid into the folder once."""
    place = folder / "program"
    if not place.exists():
        lay(place, python, PM, STAGES)
    main = place / STAGES / "__main__.py"
    return Case([python, "-I", "-S", str(main), "fire", "run", url], env, folder)


def _repository(source: Path, folder: Path, env: Mapping[str, str]) -> str:
    copy = folder / "repository"
    shutil.copytree(source, copy)
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
        subprocess.run(["git", *who, *words], cwd=copy, env=dict(env), check=True)
    return f"git+file://{copy}"


def _made(source: Path, folder: Path) -> Path:
    copy = folder / "made"
    shutil.copytree(source, copy)
    (copy / "Makefile").write_text(MAKEFILE)
    return copy


def _nix(folder: Path, env: Mapping[str, str]) -> dict[str, Case]:
    """In a store of its own, with no daemon; nothing where there is no nix-build."""
    if not shutil.which(NIX):
        return {}
    (folder / "default.nix").write_text(DERIVATION)
    own = {
        f"NIX_{name}_DIR": str(folder / "nix" / name.lower())
        for name in ("STORE", "STATE", "LOCALSTATE", "LOG", "CONF", "DATA")
    }
    alone = ("sandbox = false", "build-users-group =", "substitute = false")
    more = {"NIX_CONFIG": "\n".join(alone), "NIX_REMOTE": ""}
    return {NIX: Case([NIX, "--no-out-link", "default.nix"], {**env, **own, **more}, folder)}
