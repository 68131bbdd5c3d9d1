"""A product that has not changed is run again: what finding that out takes, beside others' no-ops.

    python -m benchmarks.stages_noop [--rounds 100] [--files 78] [--python /usr/bin/python3]

The product is a folder of source files, built and installed once, whose command is `true`; make and
nix-build have the same files, and nothing to do either. One run of each in turn, so that all of
them meet the same machine. nix-build is measured where it is in PATH.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAIN = ROOT / "remote" / "enve_fire" / "__main__.py"
TARGET = 20.0  # ms of a node
BARE, NODE, GIT, LAPTOP = "python3 -I -S", "enve: folder", "enve: git", "enve: laptop, folder"
MAKE, NIX = "make", "nix-build"
TABLE = {
    "enve": 1,
    "title": "noop",
    "prefix": "/opt/noop",
    "build": {"run": ["mkdir -p $OUT$PREFIX; cp *.c $OUT$PREFIX"]},
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
    def median(self) -> float:
        return statistics.median(self.times)


def cases(folder: Path, files: int, python: str) -> dict[str, Case]:
    """By name; what is not on this machine is left out."""
    source = folder / "source"
    source.mkdir()
    for number in range(files):
        (source / f"file{number}.c").write_text(
            f"int f{number}(void) {{ return {number}; }}\n" * 40
        )
    (source / "enve.json").write_text(json.dumps(TABLE))
    (source / "enve.yml").write_text(json.dumps(TABLE))
    env = {**os.environ, "HOME": str(folder / "home"), "ENVE_STORE": str(folder / "store")}
    (folder / "home").mkdir()
    fire = [python, "-I", "-S", str(MAIN), "fire", "run"]
    laptop = str(Path(sys.executable).parent / "enve")
    found = {
        BARE: Case([python, "-I", "-S", "-c", "pass"], env, folder),
        NODE: Case([*fire, str(source)], env, folder),
        GIT: Case([*fire, _repository(source, folder, env)], env, folder),
        LAPTOP: Case([laptop, "run", str(source)], env, folder),
        MAKE: Case(["make", "-s"], env, _made(source, folder)),
    }
    if shutil.which("nix-build"):
        found[NIX] = _nix(folder, env)
    return found


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


def _nix(folder: Path, env: Mapping[str, str]) -> Case:
    (folder / "default.nix").write_text(DERIVATION)
    own = {
        f"NIX_{name}_DIR": str(folder / "nix" / name.lower())
        for name in ("STORE", "STATE", "LOCALSTATE", "LOG", "CONF", "DATA")
    }
    alone = ("sandbox = false", "build-users-group =", "substitute = false")
    more = {"NIX_CONFIG": "\n".join(alone), "NIX_REMOTE": ""}
    return Case(["nix-build", "--no-out-link", "default.nix"], {**env, **own, **more}, folder)


def main() -> int:
    """Print the figures, and whether the targets are met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages_noop")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--files", type=int, default=78)
    parser.add_argument("--python", default="/usr/bin/python3", help="as a node has it")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = cases(Path(folder), given.files, given.python)
        for case in found.values():
            case.run()
        time.sleep(2.1)  # files that have just been written are looked at more closely
        for case in found.values():
            case.run()
        for _ in range(given.rounds):
            for case in found.values():
                case.times.append(case.run())
    for name, case in found.items():
        print(f"{name:22} median {case.median:6.1f} ms, best {min(case.times):6.1f} ms")
    missed = _missed(found)
    print("targets: " + ("missed: " + ", ".join(missed) if missed else "met"))
    return 0


def _missed(found: Mapping[str, Case]) -> list[str]:
    missed = [name for name in (NODE, GIT) if found[name].median > TARGET]
    if NIX in found and found[NODE].median > found[NIX].median:
        missed.append(NIX)
    return missed


if __name__ == "__main__":
    sys.exit(main())
