"""Commands whose stdin, stdout or stderr somebody has closed, or that cannot show every sign."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(("words", "code"), [("--help", 0), ("list -i nothing.yml", 65)])
def test_nothing_breaks(words: str, code: int, closed: str, tmp_path: Path) -> None:
    command = f"{sys.executable} -m enve {words} {closed}; echo $?"
    done = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == str(code)
    assert "Traceback" not in done.stderr


def test_what_a_locale_cannot_say_is_spelled_out(tmp_path: Path) -> None:
    """Such a sign may come from a node, and is no bug of ours."""
    (tmp_path / "inventory.yml").write_text(
        "domain: shop.example\nnodes:\n  lap: {connection: local, vars: {motto: '\u2713 \u00fc'}}\n"
    )
    words = ["inventory", "-i", "inventory.yml", "--explain", "lap"]
    done = subprocess.run(
        [sys.executable, "-m", "enve", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "latin-1", "HOME": str(tmp_path)},
        capture_output=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert (done.returncode, b"nexpected" in said) == (0, False), said
    assert rb"\u2713 " + "\u00fc".encode("latin-1") in done.stdout
