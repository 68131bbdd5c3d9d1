"""Pms in pms, for real: two levels down, commands relayed, states read up, deaths noticed."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.support import brood, rooms
from tests.support.box import Box, line
from tests.support.wait import until

pytestmark = pytest.mark.real
MODE = "root" if os.getuid() == 0 else "user"


subpm = partial(rooms.subpm, mode=MODE)


UNITS = (
    line("top"),
    subpm("pm1"),
    line("pm1.web"),
    subpm("pm1.pm2"),
    line("pm1.pm2.deep"),
)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path) as box:
        box.load(*UNITS)
        until(lambda: running(box) == 5, "all five to run")
        yield box


def running(box: Box) -> int:
    return [unit["state"] for unit in box.listing().values()].count("RUNNING")


def test_two_levels(box: Box) -> None:
    listed = box.listing()
    assert set(listed) == {"top", "pm1", "pm1.web", "pm1.pm2", "pm1.pm2.deep"}
    assert {unit["state"] for unit in listed.values()} == {"RUNNING"}
    assert box.pm("list", "pm1.**", "-o", "name").stdout.split() == [
        "pm1",
        "pm1.pm2",
        "pm1.pm2.deep",
        "pm1.web",
    ]
    published = json.loads((box.home / "public" / "sub" / "pm1.json").read_text())
    assert published["alive"] is True
    assert published["sub"]["pm2"]["alive"] is True


def test_commands_go_down_and_answers_come_up(box: Box) -> None:
    before = box.unit("pm1.pm2.deep")["pid"]
    assert box.pm("stop", "pm1.pm2.deep", "pm1.web").returncode == 0
    box.wait("pm1.pm2.deep", "STOPPED")
    box.wait("pm1.web", "STOPPED")
    assert box.pm("start", "pm1.pm2.deep").returncode == 0
    assert box.wait("pm1.pm2.deep", "RUNNING")["pid"] != before
    unknown = box.pm("start", "pm1.nobody")
    assert unknown.returncode == 64
    assert "nobody" in unknown.stderr
    assert box.pm("set-property", "pm1.web", "stop_timeout=77").returncode == 0
    assert json.loads(box.pm("cat", "pm1.web").stdout)["stop_timeout"] == 77


def test_definitions_change(box: Box) -> None:
    pid = box.unit("pm1.web")["pid"]
    box.load(*UNITS, line("pm1.more"))
    box.wait("pm1.more", "RUNNING")
    assert box.unit("pm1.web")["pid"] == pid
    box.load(*UNITS)
    until(lambda: "pm1.more" not in box.listing(), "the removed one to go")


def stored(box: Box, text: bytes, path: str = "app.conf") -> dict[str, Any]:
    """`files` of a line that places this text, which the top pm has."""
    name = sha256(text).hexdigest()
    (box.home / "store" / name).write_bytes(text)
    return {path: {"sha256": name, "size": len(text), "mode": 0o600}}


def test_files_reach_a_nested_unit(box: Box) -> None:
    text = b"port = 1\n"
    files = stored(box, text)
    command = ["sh", "-c", "cat app.conf && exec sleep 1000"]
    box.load(*UNITS, line("pm1.pm2.conf", files=files, command=command))
    placed = box.home.joinpath("spots/pm1/spots/pm2/spots/conf/app.conf")
    until(lambda: placed.exists() and placed.read_bytes() == text, "the file to be placed")


def test_a_nested_unit_that_runs_on_without_its_new_files_is_a_failure(box: Box) -> None:
    box.load(*UNITS, line("pm1.conf", files=stored(box, b"1")))
    box.wait("pm1.conf", "RUNNING")
    (box.home / "spots/pm1/spots/conf/etc").write_text("in the way")
    said = box.load(*UNITS, line("pm1.conf", files=stored(box, b"2", "etc/app.conf")), status=3)
    assert "pm1.conf: place:" in said
    assert box.unit("pm1.conf")["state"] == "RUNNING"


def test_a_sub_pm_keeps_no_blob_that_nobody_names(box: Box) -> None:
    names = []
    for text in (b"one", b"two", b"three"):
        files = stored(box, text)
        names.append(files["app.conf"]["sha256"])
        box.load(*UNITS, line("pm1.conf", files=files))
    kept = {path.name for path in (box.home / "spots/pm1/store").iterdir()}
    assert kept == {*names[1:]}  # those of the lines before too: they may be placed just now
    assert (box.home / "spots/pm1/spots/conf/app.conf").read_bytes() == b"three"


@pytest.mark.parametrize("who", ["watchdog", "pm"])
def test_killed_sub_pm_comes_back_with_its_definitions(box: Box, who: str) -> None:
    before = box.listing()
    inner = json.loads((box.home / "spots/pm1/public/status.json").read_text())["pid"]
    os.kill(before["pm1"]["pid"] if who == "watchdog" else inner, signal.SIGKILL)
    until(
        lambda: (
            box.unit("pm1.pm2.deep").get("state") == "RUNNING"
            and box.unit("pm1.pm2.deep")["pid"] != before["pm1.pm2.deep"]["pid"]
            and box.unit("pm1.web")["pid"] != before["pm1.web"]["pid"]
        ),
        "the sub-pm's units to run again",
    )
    assert box.wait("pm1", "RUNNING")["restarts"] == 1
    assert box.unit("top")["pid"] == before["top"]["pid"]
    for name in ("pm1.web", "pm1.pm2", "pm1.pm2.deep"):
        assert brood.state(before[name]["pid"]) in ("", "Z")


def test_stopped_sub_pm_takes_its_units_along(box: Box) -> None:
    deep = box.unit("pm1.pm2.deep")["pid"]
    assert box.pm("stop", "pm1").returncode == 0
    assert brood.state(deep) in ("", "Z")
    until(
        lambda: not json.loads((box.home / "public/sub/pm1.json").read_text())["alive"],
        "it to be shown as dead",
    )
    refused = box.pm("start", "pm1.web")
    assert refused.returncode == 3
    assert "does not run" in refused.stderr
    assert box.pm("start", "pm1").returncode == 0
    box.wait("pm1.pm2.deep", "RUNNING")


def test_after_a_crash_a_sub_pm_that_waits_is_shown_as_dead(tmp_path: Path) -> None:
    late = line("slow", ready={"how": "check"}, check=["test", "-e", "go"])
    with Box(tmp_path, log=tmp_path / "pm.log") as box:
        go = box.home / "spots/slow/go"
        go.parent.mkdir(parents=True)
        go.touch()
        box.load(late, subpm("pm1", needs=["slow"]), line("pm1.web"))
        box.wait("pm1.web", "RUNNING")
        assert "alive" not in box.unit("pm1.web")
        go.unlink()
        box.kill()
        assert box.unit("pm1")["state"] == "SCHE_START"
        assert box.unit("pm1.web")["alive"] is False
        rows = box.pm("list").stdout.splitlines()
        assert [row.endswith("(last known)") for row in rows if row.startswith("pm1.web")] == [True]
        go.touch()
        until(lambda: box.unit("pm1.web").get("alive", True), "news of it")
        box.wait("pm1.web", "RUNNING")


def test_reexec_goes_down(box: Box) -> None:
    before = box.listing()
    inner = json.loads((box.home / "spots/pm1/public/status.json").read_text())["pid"]
    assert box.pm("reexec").returncode == 0

    def resumed(pid: int) -> bool:
        return b"_resume" in Path(f"/proc/{pid}/cmdline").read_bytes()

    until(lambda: resumed(inner), "the sub-pm to run the new program")
    assert box.pm("stop", "pm1.web").returncode == 0
    box.wait("pm1.web", "STOPPED")
    after = box.listing()
    for name in ("top", "pm1", "pm1.pm2", "pm1.pm2.deep"):
        assert after[name]["pid"] == before[name]["pid"], name
    box.load(*UNITS[:-1])  # the program knows what ran before it: only what is gone is stopped
    until(lambda: "pm1.pm2.deep" not in box.listing(), "the removed one to go")
    assert box.unit("pm1.pm2")["pid"] == before["pm1.pm2"]["pid"]


def test_removed_sub_pm(box: Box) -> None:
    box.load(line("top"))
    until(lambda: set(box.listing()) == {"top"}, "the sub-pm to go")


@pytest.mark.parametrize("below", ["", "pm1."])
def test_a_load_does_not_wait_for_a_sub_pm_that_keeps_failing(tmp_path: Path, below: str) -> None:
    bad = {"mode": "user", "user": "nobody"} if os.getuid() == 0 else {"mode": "root"}
    above = [subpm("pm1")] if below else []
    with Box(tmp_path) as box:
        lines = [*above, subpm(f"{below}bad", **bad), line(f"{below}bad.web")]
        box.load(*lines, status=3)
        unit = box.wait(f"{below}bad", "STARTING_FAIL")
        assert unit["want"] == "up"
        box.load(*above, subpm(f"{below}bad"), line(f"{below}bad.web"))
        assert box.unit(f"{below}bad.web")["state"] == "RUNNING"


def test_wrong_nesting_and_users(tmp_path: Path) -> None:
    with Box(tmp_path) as box:
        if os.getuid() == 0:
            bad = {"user": "nobody"}, {"user": "no-such-user"}, {"user": "root"}, {}
            lines = [subpm(f"bad{n}", mode="user", **keys) for n, keys in enumerate(bad)]
        else:
            lines = [subpm("bad0", mode="root"), subpm("bad1", user="root")]
        box.load(*(one | {"restart": "never"} for one in lines), status=3)
        for one in lines:
            unit = until(lambda name=one["name"]: box.unit(name).get("result"), "a result")
            assert unit.split(":")[0] in ("user", "nesting", "ok")
            until(
                lambda name=one["name"]: box.unit(name)["result"].startswith(("user:", "nesting:")),
                "a refusal",
            )
