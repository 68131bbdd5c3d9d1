"""Walls of each kind that this host has."""

from __future__ import annotations

import pytest

from enve_fire.stage.walls import sandbox


@pytest.fixture(params=[sandbox.BWRAP, sandbox.USERNS])
def walls(request, tmp_path):
    inside = tmp_path / "in"
    inside.mkdir()
    found = sandbox.Sandbox(request.param, (str(inside),))
    why = sandbox.probe(found)
    if why:
        pytest.skip(f"{request.param}: {why}")
    return found
