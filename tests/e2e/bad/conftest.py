"""One fleet for all of this folder: nearly every test here must leave it as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.site import Site


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    with Site(3) as made:
        yield made
