"""What several of these tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.realsite import Site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Of a module: what one test has built, others find."""
    with Site(tmp_path_factory.mktemp("real") / "www") as found:
        yield found
