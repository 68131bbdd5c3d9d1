"""What a command was answered is what a listing shows at once, here and in sub-pms."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.box import Box, line

pytestmark = pytest.mark.real
MODE = "root" if os.getuid() == 0 else "user"
TIMES = 15


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with Box(tmp_path_factory.mktemp("answers")) as made:
        made.load(
            line("web"),
            line("pm1", kind="subpm", mode=MODE),
            *(line("pm1.pm2", kind="subpm", mode=MODE), line("pm1.web"), line("pm1.pm2.web")),
        )
        made.wait("pm1.pm2.web", "RUNNING")
        yield made


def shown(box: Box, *path: str) -> dict[str, Any]:
    """The row of a unit as the node's pm has published it."""
    *pms, unit = path
    public = box.home / "public"
    file = public / "status.json" if not pms else public / f"sub/{pms[0]}.json"
    found = json.loads(file.read_text())
    for name in pms[1:]:
        found = found["sub"][name]
    row: dict[str, Any] = (found["status"] if pms else found)["units"][unit]
    return row


@pytest.mark.parametrize("path", [("web",), ("pm1", "web"), ("pm1", "pm2", "web")])
def test_states_are_there_with_the_answer(box: Box, path: tuple[str, ...]) -> None:
    name = ".".join(path)
    for number in range(TIMES):
        for verb, state in (("stop", "STOPPED"), ("start", "RUNNING")):
            assert box.pm(verb, name).returncode == 0
            assert shown(box, *path)["state"] == state, number


@pytest.mark.parametrize("path", [("web",), ("pm1", "web")])
def test_so_is_what_was_set(box: Box, path: tuple[str, ...]) -> None:
    name = ".".join(path)
    for number in range(TIMES):
        wanted = "restart" if number % 2 else ""
        done = box.pm("set-property", name, f"nice={number % 2 * 5}")
        assert done.returncode == 0, done.stderr
        assert shown(box, *path)["stale"] == wanted, number


def test_a_state_that_lasts_began_at_one_moment(box: Box) -> None:
    """However often its row is written anew."""
    seen = set()
    for number in range(2 * TIMES):
        assert box.pm("set-property", "web", f"log_keep={1 + number % 2}").returncode == 0
        seen.add(shown(box, "web")["since"])
    assert len(seen) == 1
