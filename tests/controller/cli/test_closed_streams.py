"""Commands whose stdin, stdout or stderr somebody has closed."""

from __future__ import annotations

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
