"""The store as one call of a library."""

from __future__ import annotations

from pathlib import Path

import pytest

import enve_fire
from enve_fire import cache_build
from enve_fire.core.trouble import MISS, Trouble


def test_a_call_makes_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVE_STORE", str(tmp_path))
    calls: list[str] = []

    def method(out: str) -> None:
        calls.append(out)
        Path(out, "x").touch()

    found = {cache_build("text", method, title="x", ttl=60) for _ in range(3)}
    assert len(calls) == 1 and len(found) == 1
    assert Path(found.pop(), "x").exists()
    with pytest.raises(Trouble) as told:
        cache_build("another")
    assert told.value.code == MISS
    assert not hasattr(enve_fire, "cache_biuld")
