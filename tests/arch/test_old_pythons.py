"""What runs on nodes is Python 3.8; the linters only go by younger ones."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REMOTE = Path(__file__).parents[2] / "remote"


def test_the_node_program_is_python_3_8() -> None:
    pages = sorted(REMOTE.rglob("*.py"))
    assert len(pages) > 300
    for page in pages:
        ast.parse(page.read_text(), str(page), feature_version=(3, 8))


def oldest() -> str:
    """The oldest Python from 3.8 on that works here: one that a version manager has counts too."""
    for minor in range(8, sys.version_info[1]):
        name = f"python3.{minor}"
        managed = sorted((Path.home() / ".pyenv/versions").glob(f"3.{minor}.*/bin/{name}"))
        for python in filter(None, (shutil.which(name), *map(str, managed))):
            if subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0:
                return python
    pytest.skip("there is no older Python on this machine")


def test_an_older_python_loads_all_of_it_and_runs_a_product(tmp_path: Path) -> None:
    python = oldest()
    modules = [
        ".".join(page.relative_to(REMOTE).with_suffix("").parts).removesuffix(".__init__")
        for page in REMOTE.rglob("*.py")
        if page.name != "__main__.py"
    ]
    code = "import importlib, sys; sys.path.insert(0, sys.argv[1]); "
    code += "[importlib.import_module(name) for name in sys.argv[2:]]"
    subprocess.run(
        [python, "-I", "-S", "-W", "error", "-c", code, str(REMOTE), *modules], check=True
    )
    build = {"run": ["mkdir -p $OUT$PREFIX/bin && cp greet $OUT$PREFIX/bin"], "sandbox": "none"}
    table = {"enve": 1, "title": "greet", "prefix": "/opt/greet", "build": build}
    table["setup"] = {"files": [{"path": "etc/x", "mode": 0o644, "content": "x"}], "run": ["true"]}
    source = tmp_path / "source"
    source.mkdir()
    (source / "enve.json").write_text(json.dumps({**table, "run": {"cmd": ["bin/greet"]}}))
    (source / "greet").write_text("#!/bin/sh\necho hello\n")
    (source / "greet").chmod(0o755)
    main = [python, "-I", "-S", "-W", "error", str(REMOTE / "enve_fire/__main__.py")]
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    for _ in range(2):
        done = subprocess.run(
            [*main, "fire", str(source)], env=env, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (0, "hello\n"), done.stderr
