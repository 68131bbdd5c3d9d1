"""What runs on nodes is Python 3.8; the linters only go by younger ones."""

from __future__ import annotations

import ast
from pathlib import Path

REMOTE = Path(__file__).parents[2] / "remote"


def test_the_node_program_is_python_3_8() -> None:
    pages = sorted(REMOTE.rglob("*.py"))
    assert len(pages) > 300
    for page in pages:
        ast.parse(page.read_text(), str(page), feature_version=(3, 8))
