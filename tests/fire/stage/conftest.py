from __future__ import annotations

import pytest
from tests.support.workbench import Workbench, room


@pytest.fixture
def bench():
    with room() as folder:
        yield Workbench(folder)
