"""Work that a branch of pm does, done by a process of the test's: stdin and stdout are its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

REMOTE = Path(__file__).parents[2] / "remote"


def branch(
    module: str, *arguments: object, rows: bytes = b"", files: int = 0
) -> subprocess.CompletedProcess[bytes]:
    """`enve_pm.shell.product.MODULE.main(*arguments)`; `files`: how many may be open (0: as we)."""
    script = (
        f"import sys; sys.path.insert(0, {str(REMOTE)!r}); import resource; n = {files}\n"
        "if n: resource.setrlimit(resource.RLIMIT_NOFILE, (n, n))\n"
        f"from enve_pm.shell.product.{module} import main; sys.exit(main(*{arguments!r}))"
    )
    words: Sequence[str] = [sys.executable, "-I", "-S", "-c", script]
    return subprocess.run(words, input=rows, capture_output=True, check=False)
