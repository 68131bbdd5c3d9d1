"""Chains of pms as deep as the memo's grammar allows, of all kinds, side by side below one pm."""

from __future__ import annotations

import os
import pwd
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support import brood, rooms
from tests.support.box import Box, line
from tests.support.interpreter import python_for
from tests.support.rooms import OWN, subroot
from tests.support.wait import until

from enve_pm.core.unit import UnitSpec
from enve_pm.core.walls import kind
from enve_pm.shell.guard import subtree

pytestmark = [pytest.mark.real, pytest.mark.host]


ONE, TWO, *_ = (user.pw_name for user in pwd.getpwall() if 1 < user.pw_uid < 1000)


def subpm(name: str, mode: str, **keys: Any) -> dict[str, Any]:
    needs = {"needs": ["base"]} if "root" in keys else {}
    return rooms.subpm(name, mode, **keys, **needs)


def base(name: str) -> dict[str, Any]:
    return subroot(name, "overlay", lower=["/"])


# Each ends in a unit `x`. R is the node's own pm.
CHAINS = {
    "RU": [subpm("u", "user", user=ONE)],
    "RUU, jailed": [subpm("v", "user", user=TWO), subpm("v.j", "user", jail=True)],
    "RRU": [subpm("c", "root", root="base"), subpm("c.u", "user", user=ONE)],
    "RRU, chrooted": [
        subpm("j", "root", jail=True, net="none"),
        base("j.base"),
        subpm("j.u", "user", user=ONE, root="base"),
    ],
    "RRRR": [
        subpm("a", "root"),
        subpm("a.j", "root", jail=True),
        base("a.j.base"),
        subpm("a.j.c", "root", root="base"),
    ],
    "RRRR of jails": [
        subpm("k", "root", jail=True, hostname="one"),
        subpm("k.k", "root", jail=True, hostname="two"),
        subpm("k.k.k", "root", jail=True, hostname="three"),
    ],
    "RRUU": [
        subpm("d", "root", jail=True, root="base"),
        subpm("d.u", "user", user=ONE),
        subpm("d.u.u", "user"),
    ],
}
TREE = [one for chain in CHAINS.values() for one in chain]
ENDS = {name: [one["name"] for one in chain][-1] + ".x" for name, chain in CHAINS.items()}


@pytest.fixture
def box() -> Iterator[Box]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with Box(Path(name), python=python_for("daemon"), around=OWN) as box:
            yield box


def all_run(box: Box) -> bool:
    return {one["state"] for one in box.listing().values()} == {"RUNNING"}


def gone(pids: list[int]) -> bool:
    return not [pid for pid in pids if brood.state(pid) not in ("", "Z")]


def test_every_chain(box: Box) -> None:
    box.load(base("base"), *TREE, *map(line, ENDS.values()))
    before = box.listing()
    assert all_run(box)
    assert {kind(one.mode, one.room) for one in map(UnitSpec.parse, TREE) if one.mode} == {
        *("rootpm", "chroot_rootpm", "jail_rootpm", "userpm", "chroot_userpm", "jail_userpm")
    }
    for end in ENDS.values():
        box.order("restart", end)
    _one_in_the_middle(box, before)
    _the_top(box)


def _one_in_the_middle(box: Box, before: dict[str, Any]) -> None:
    """A jail in a pm dies: what is in it goes with it and comes back; nothing else is touched."""
    middle = next(pid for pid in subtree.below(before["a"]["pid"]) if _is(pid, "a/spots/j"))
    below = [middle, *subtree.below(middle)]
    os.kill(middle, signal.SIGKILL)
    until(lambda: box.unit("a.j")["restarts"] == 1 and all_run(box), "it to be back")
    assert gone(below)
    after = box.listing()
    for name in ("a", "u", "c", "j", "k", "d", "d.u", "k.k.k"):
        assert after[name]["pid"] == before[name]["pid"], name


def _is(pid: int, home: str) -> bool:
    return f"{home}\0" in Path(f"/proc/{pid}/cmdline").read_text()


def _the_top(box: Box) -> None:
    assert box.process is not None
    whole = subtree.below(box.process.pid)
    assert len(whole) > 30
    box.kill(before=lambda: _check(gone(whole)))
    until(lambda: len(box.listing()) == len(TREE) + len(ENDS) + 1 and all_run(box), "all again")


def _check(good: bool) -> None:
    assert good


@pytest.mark.parametrize(
    ("outer", "inner", "rule"),
    [
        ({"mode": "user", "user": ONE}, {"mode": "root"}, "R cannot follow U: in UR"),
        ({"mode": "root", "jail": True}, {"mode": "root"}, "no rootpm in a jail_rootpm"),
        ({"mode": "root"}, {"mode": "user", "user": ONE, "jail": True}, "no jail_userpm in a"),
    ],
)
def test_what_may_not_stand_in_it(
    box: Box, outer: dict[str, Any], inner: dict[str, Any], rule: str
) -> None:
    box.load(
        line("a", kind="subpm", **outer),
        line("a.b", kind="subpm", restart="never", **inner),
        status=3,
    )
    assert rule in box.unit("a.b")["result"]
