"""Software that nobody here wrote, as its registry serves it to the registry's ordinary client.

It is fetched when a test asks for it and kept in the cache of this user, so that a second run does
without. Nothing of it is part of the project.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

LIMIT = 120  # seconds that a registry may take


def folder() -> Path:
    """Where archives are kept."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    found = Path(home) / "enve-tests"
    found.mkdir(parents=True, exist_ok=True)
    return found


def debian(package: str) -> Path:
    """The archive of the authors, of a source package of Debian. Skips where there is no apt, or
    nobody answers."""
    kept = sorted(folder().glob(f"{package}_*.orig.tar.*[!c]"))
    return kept[0] if kept else _debian(package)


def _debian(package: str) -> Path:
    options = _lists()
    ask = ["apt-get", *options, "source", "--download-only", "--tar-only", package]
    _ran(ask, f"the source of {package}")
    kept = sorted(folder().glob(f"{package}_*.orig.tar.*[!c]"))
    assert kept, f"apt-get brought no archive for {package}"
    return kept[0]


@cache
def _lists() -> tuple[str, ...]:
    """apt with lists of its own, so that the machine's are left alone."""
    home = folder() / "apt"
    for name in ("lists/partial", "cache/archives/partial"):
        (home / name).mkdir(parents=True, exist_ok=True)
    source = home / "sources.list"
    source.write_text("".join(_sources()))
    options = {
        "Dir::Etc::sourcelist": source,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": home / "lists",
        "Dir::Cache": home / "cache",
        "APT::Sandbox::User": "root",
    }
    words = tuple(word for name, value in options.items() for word in ("-o", f"{name}={value}"))
    _ran(["apt-get", *words, "update"], "the list of sources")
    return words


def _sources() -> list[str]:
    """A line of sources for each line of packages that this machine has."""
    shape = "$(REPO_URI) $(RELEASE) $(COMPONENT) $(SIGNED_BY)"
    found = _ran(["apt-get", "indextargets", "--format", shape, "Created-By: Packages"], "apt")
    lines = []
    for row in sorted(set(found.splitlines())):
        uri, release, component, *keys = row.split()
        if "-" in release:  # of security and updates not all archives of the authors lie there
            continue
        signed = f" [signed-by={keys[0]}]" if keys and keys[0].startswith("/") else ""
        lines.append(f"deb-src{signed} {uri} {release} {component}\n")
    return lines


def sdist(name: str, version: str) -> Path:
    """A source distribution of Python's index."""
    kept = sorted(folder().glob(f"{name}-{version}.tar.gz"))
    if not kept:
        wanted = f"{name}=={version}"
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        _ran([*pip, "--no-binary", ":all:", wanted], wanted)
        kept = sorted(folder().glob(f"{name}-{version}.tar.gz"))
    return kept[0]


def npm(name: str, version: str) -> Path:
    """A package of npm."""
    kept = folder() / f"{name}-{version}.tgz"
    if not kept.exists():
        _ran(["npm", "pack", "--silent", f"{name}@{version}"], f"{name}@{version}")
    return kept


def _ran(command: list[str], what: str) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder(), capture_output=True, text=True, timeout=LIMIT, check=False
        )
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"{what}: {error}")
    if done.returncode:
        pytest.skip(f"{what} cannot be fetched here: {done.stderr.strip()[-300:]}")
    return done.stdout
