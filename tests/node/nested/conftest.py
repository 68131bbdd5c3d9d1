"""A pm that shows its folders to the users of what is nested in it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.box import Box
from tests.support.interpreter import python_for
from tests.support.rooms import OWN


@pytest.fixture
def box() -> Iterator[Box]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with Box(Path(name), python=python_for("daemon"), around=OWN) as box:
            box.home.chmod(0o711)
            yield box
