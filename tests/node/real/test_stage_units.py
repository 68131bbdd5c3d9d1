"""A chain on a real pm: a new version is made while the old one serves, and what fails harms
nobody. The steps themselves are a stand-in (see `support.stages`)."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.support import stages
from tests.support.box import Box, line
from tests.support.stages import chain, unit
from tests.support.wait import until

pytestmark = pytest.mark.real
DOS = ("build", "install", "setup")
PYTHON = shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable  # anybody's


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path, program=stages.program(tmp_path)) as box:
        yield box


def log(box: Box, name: str) -> str:
    file = box.home / "log" / (name + ".log")
    return file.read_text() if file.exists() else ""


def said(box: Box, text: str) -> None:
    until(lambda: text in log(box, "web"), f"web to say {text!r}")


def names(box: Box) -> set[str]:
    return {name.strip("[]") for name in box.listing()}


def test_all_is_made_in_order_and_once(box: Box, tmp_path: Path) -> None:
    left = tmp_path / "left"
    box.load(*chain("lua-1", {"setup": {"leave": str(left)}}))
    said(box, "lua-1")
    place = box.home / "spots/web/lua-1"
    assert sorted(path.name for path in place.iterdir()) == ["build", "install", "setup"]
    given = json.loads(left.read_text())
    assert given["env"]["ENVE_STORE"].split(":")[0].startswith(f"{box.home}/artifacts/")
    assert Path(given["env"]["ENVE_STORE"].split(":")[0]).is_dir()
    assert Path(given["env"]["SPOT_DIR"]).parent == box.home / "spots"
    assert given["uid"] == os.getuid()
    pid = box.unit("web")["pid"]
    box.load(*chain("lua-1", {"setup": {"leave": str(left)}}))
    box.kill()  # what is there is not made again
    box.wait("web", "RUNNING")
    assert box.unit("web")["pid"] != pid
    made = [path.read_text() for path in sorted((box.home / "log").glob("lua-1*"))]
    assert made == ["build lua-1\n", "install lua-1\n", "setup lua-1\n"]


class Load(threading.Thread):
    """Lines that are loaded while a step is held; `told`: what came of it."""

    def __init__(self, box: Box, *lines: dict[str, Any]) -> None:
        super().__init__()
        self.told: list[str] = []
        self._box = box
        self._lines = lines
        self.start()

    def run(self) -> None:
        with suppress(AssertionError, subprocess.TimeoutExpired):
            self.told.append(self._box.load(*self._lines, march=True))

    def well(self) -> None:
        self.join(30)
        assert self.told, "the load did not end well"


def test_the_old_version_serves_while_the_new_one_is_built(box: Box, tmp_path: Path) -> None:
    box.load(*chain("lua-1"))
    said(box, "lua-1")
    pid = box.unit("web")["pid"]
    go = tmp_path / "go"
    waiting = Load(box, *chain("lua-2", {"build": {"hold": str(go)}}))
    until(lambda: box.unit("web").get("detail", "").startswith("its new line waits"), "web to wait")
    now = box.unit("web")
    assert (now["state"], now["pid"]) == ("RUNNING", pid)
    assert now["detail"] == "its new line waits for " + unit("build", "lua-2")
    assert now["waits_for"] == unit("build", "lua-2")
    assert {unit("setup", "lua-1"), unit("setup", "lua-2")} <= names(box)
    assert waiting.is_alive()
    go.touch()
    waiting.well()
    said(box, "lua-2")
    assert box.unit("web")["pid"] not in (0, pid)
    assert box.unit("web")["detail"] == ""
    until(lambda: unit("setup", "lua-1") not in names(box), "the old stages to go")
    assert sorted(path.name for path in (box.home / "spots/web").iterdir()) == ["lua-1", "lua-2"]


def test_a_build_that_fails_leaves_the_old_one(box: Box) -> None:
    box.load(*chain("lua-1"))
    said(box, "lua-1")
    pid = box.unit("web")["pid"]
    told = box.load(*chain("lua-2", {"build": {"fail": True}}), status=3, march=True)
    assert unit("build", "lua-2") in told
    assert "no rule to make target" in told
    assert box.unit("web")["pid"] == pid
    assert box.unit("web")["detail"].endswith("lua-2!build@web, which has failed")
    assert box.unit("[" + unit("setup", "lua-1") + "]")["state"] == "RUNNING"
    box.order("restart", "web")  # also when it has to start anew
    assert box.unit("web")["state"] == "RUNNING"
    box.kill()  # ... and after pm's death, when it gets its lines anew
    box.load(*chain("lua-2", {"build": {"fail": True}}), status=3)
    box.wait("web", "RUNNING")
    said(box, "lua-1")
    until(lambda: "which has failed" in box.unit("web")["detail"], "web to wait again")
    box.load(*chain("lua-1"), march=True)  # back to what runs: nothing has to be made
    assert box.unit("web")["detail"] == ""
    until(lambda: unit("build", "lua-2") not in names(box), "the new stages to go")
    box.load(*chain("lua-3"), march=True)
    said(box, "lua-3")


def test_why_follows_a_line_that_waits_to_its_stage(box: Box) -> None:
    box.load(*chain("lua-1"))
    box.load(*chain("lua-2", {"build": {"fail": True}}), status=3, march=True)
    told = json.loads(box.pm("why", "web", "-o", "json").stdout)
    assert [link["unit"] for link in told["chain"]] == ["web", "[lua-2!build@web]"]
    assert told["log"] == ["build lua-2"]
    assert "no rule to make target" in told["job"]["message"]


def test_a_reload_that_fails_is_named_with_its_reason(box: Box) -> None:
    reload = {"command": ["sh", "-c", "echo no such port; exit 7"]}
    *others, web = chain("lua-1")
    box.load(*others, {**web, "reload": reload})
    pid = box.unit("web")["pid"]
    *others, web = chain("lua-1", {"setup": {"version": "port 2"}})
    told = box.load(*others, {**web, "reload": reload}, status=3, march=True)
    assert "web: reload: exit:7" in told
    assert box.unit("web")["pid"] == pid
    why = box.pm("why", "web").stdout
    assert "no such port" in why
    assert "it runs by its old config" in why


def test_a_reload_that_failed_is_tried_again_by_the_next_march(box: Box, tmp_path: Path) -> None:
    good = tmp_path / "good"
    reload = {"reload": {"command": ["test", "-e", str(good)]}}

    def good_one(port: str) -> list[dict[str, Any]]:
        *others, web = chain("lua-1", {"setup": {"version": port}})
        return [*others, {**web, **reload}]

    box.load(*good_one("port 1"))
    pid = box.unit("web")["pid"]
    box.load(*good_one("port 2"), status=3, march=True)
    box.load(*chain("lua-2", {"build": {"fail": True}}), status=3, march=True)
    waits = f"its new line waits for {unit('build', 'lua-2')}, which has failed"
    assert box.unit("web")["detail"] == f"{waits}; reload: exit:1"
    why = json.loads(box.pm("why", "web", "-o", "json").stdout)
    assert why["chain"][-1]["unit"] == "[lua-2!build@web]"
    told = box.load(*good_one("port 2"), status=3, march=True)
    assert "web: reload: exit:1" in told  # it was tried again
    good.touch()
    box.load(*good_one("port 2"), march=True)
    assert (box.unit("web")["detail"], box.unit("web")["stale"]) == ("", "")
    assert box.unit("web")["pid"] == pid


def test_a_failed_reload_that_the_plan_has_no_more_is_a_restart(box: Box) -> None:
    *others, web = chain("lua-1")
    box.load(*others, {**web, "reload": {"command": ["false"]}})
    pid = box.unit("web")["pid"]
    *others, web = chain("lua-1", {"setup": {"version": "port 2"}})
    box.load(*others, {**web, "reload": {"command": ["false"]}}, status=3, march=True)
    assert box.unit("web")["pid"] == pid
    del web["reload"], web["on_restart"]
    box.load(*others, web, march=True)
    assert box.unit("web")["pid"] not in (0, pid)


def test_another_plan_takes_the_place_of_what_waits(box: Box, tmp_path: Path) -> None:
    box.load(*chain("lua-1"))
    waiting = Load(box, *chain("lua-2", {"build": {"hold": str(tmp_path / "never")}}))
    until(lambda: "lua-2" in box.unit("web").get("detail", ""), "web to wait")
    other = Load(box, *chain("lua-3", {"install": {"hold": str(tmp_path / "go")}}))
    until(lambda: "lua-3!install" in box.unit("web").get("detail", ""), "web to wait for another")
    (tmp_path / "go").touch()
    other.well()
    said(box, "lua-3")
    until(lambda: names(box) == {"web", *(unit(d, "lua-3") for d in DOS)}, "the others to go")
    assert "lua-2" not in log(box, "web")
    waiting.join(30)


def test_a_new_setup_reloads_and_a_new_install_restarts(box: Box) -> None:
    box.load(*chain("lua-1"))
    pid = box.unit("web")["pid"]
    box.load(*chain("lua-1", {"setup": {"version": "port 2"}}), march=True)
    said(box, "reloaded")
    assert box.unit("web")["pid"] == pid
    again = {"install": {"version": "b"}, "setup": {"version": "port 2"}}
    box.load(*chain("lua-1", again), march=True)
    assert box.unit("web")["pid"] not in (0, pid)


def test_another_variant_of_the_setup_reloads(box: Box) -> None:
    box.load(*chain("lua-1"))
    said(box, "lua-1")
    pid = box.unit("web")["pid"]
    other = "lua-1!setup@etc@web"
    *stages_, setup, web = chain("lua-1", {"setup": {"version": "other"}})
    answers = {"needs": [web["needs"][0], other], "on_restart": {other: "reload"}}
    box.load(*stages_, {**setup, "name": f"[{other}]"}, {**web, **answers}, march=True)
    said(box, "reloaded")
    assert box.unit("web")["pid"] == pid
    assert box.unit("web")["stale"] == ""


def test_a_change_of_program_forgets_nothing(box: Box, tmp_path: Path) -> None:
    box.load(*chain("lua-1"))
    pid = box.unit("web")["pid"]
    go = tmp_path / "go"
    waiting = Load(box, *chain("lua-2", {"build": {"hold": str(go)}}))
    until(lambda: "lua-2" in box.unit("web").get("detail", ""), "web to wait")
    box.order("reexec")
    until(lambda: "lua-2" in box.unit("web").get("detail", ""), "web to wait on")
    assert box.unit("web")["pid"] == pid
    go.touch()
    said(box, "lua-2")
    until(lambda: unit("setup", "lua-1") not in names(box), "the old stages to go")
    waiting.well()


def test_an_unrelated_line_does_not_wait(box: Box, tmp_path: Path) -> None:
    box.load(*chain("lua-1"), line("db"))
    go = tmp_path / "go"
    new = chain("lua-2", {"build": {"hold": str(go)}})
    waiting = Load(box, *new, line("db", nice=1), line("cache"))
    box.wait("cache", "RUNNING")
    until(lambda: box.unit("db").get("stale", "") == "", "db to be new")
    assert "nice" in (box.home / "units/db/parameter").read_text()
    assert "lua-1" in (box.home / "units/web/parameter").read_text()
    go.touch()
    waiting.well()
    said(box, "lua-2")
    assert "lua-2" in (box.home / "units/web/parameter").read_text()


def test_what_is_stopped_in_the_new_plan_stops_at_once(box: Box, tmp_path: Path) -> None:
    box.load(*chain("lua-1"))
    waiting = Load(box, *chain("lua-2", {"build": {"hold": str(tmp_path / "go")}}, want="down"))
    box.wait("web", "STOPPED")
    (tmp_path / "go").touch()
    waiting.well()


def test_a_stage_that_nobody_has_is_not_waited_for(box: Box) -> None:
    box.load(*chain("lua-1"))
    pid = box.unit("web")["pid"]
    *others, web = chain("lua-1")
    told = box.load(*others, {**web, "needs": [*web["needs"], "x!build@y"]}, status=3, march=True)
    assert "its new line waits for x!build@y, which has failed" in told
    assert box.unit("web")["pid"] == pid


@pytest.mark.skipif(os.getuid() != 0, reason="only root has units of other users")
def test_a_stage_has_the_rights_of_its_user() -> None:
    with tempfile.TemporaryDirectory(prefix="enve-stages-") as name:
        folder = Path(name)
        with Box(folder, program=stages.program(folder), python=PYTHON) as box:
            for path in (folder, box.home, box.home / "spots"):
                path.chmod(0o711)  # as root's pm has them that others march to
            _as_daemon(box, folder)


def _as_daemon(box: Box, folder: Path) -> None:
    (folder / "left").touch(0o666)
    (folder / "left").chmod(0o666)
    (box.home / "artifacts/root").mkdir(parents=True)
    (box.home / "artifacts").chmod(0o711)
    lines = chain("lua-1", {"install": {"leave": str(folder / "left")}})
    box.load(*({**one, "user": "daemon", "rlimits": {"nofile": 64}} for one in lines))
    said(box, "lua-1")
    given = json.loads((folder / "left").read_text())
    assert (given["uid"], given["umask"]) == (1, 0o22)
    own = box.home / "artifacts/daemon"
    assert given["env"]["ENVE_STORE"] == f"{own}:{box.home}/artifacts/root"
    assert own.stat().st_uid == 1
    assert (box.home / "spots/web/lua-1").stat().st_uid == 1


def test_what_goes_on_without_its_new_setup_says_so(box: Box) -> None:
    box.load(*chain("lua-1"))
    said(box, "lua-1")
    pid = box.unit("web")["pid"]
    box.load(*chain("lua-1", {"setup": {"version": "b", "fail": True}}), status=3, march=True)
    name = unit("setup", "lua-1")
    until(lambda: box.unit("web")["detail"] == f"runs without {name}, which has failed", "web")
    assert (box.unit("web")["state"], box.unit("web")["pid"]) == ("RUNNING", pid)
    assert f"needs [{name}]" in box.pm("why", "web").stdout
    box.load(*chain("lua-1", {"setup": {"version": "another"}}), march=True)
    until(lambda: not box.unit("web")["detail"], "web to have its setup")
    assert box.unit("web")["pid"] == pid


@pytest.mark.skipif(os.getuid() != 0, reason="only root's pm is sure to have views")
def test_where_nothing_can_be_written_a_stage_has_its_places(box: Box, tmp_path: Path) -> None:
    lines = chain("lua-1")
    box.load(*({**one, "read_only": True, "limits": {"pids": 64}} for one in lines[:3]), lines[3])
    said(box, "lua-1")
    lines = chain("lua-2", {"setup": {"leave": str(tmp_path / "elsewhere")}})
    shut = [{**one, "read_only": True} for one in lines[:3]]
    box.load(*shut, lines[3], status=3, march=True)
    assert not (tmp_path / "elsewhere").exists()
    assert box.unit("web")["detail"].endswith("lua-2!setup@web, which has failed")


def test_a_chain_in_a_nested_pm(box: Box) -> None:
    def nested(product: str, **tables: Any) -> list[dict[str, Any]]:
        return [{**one, "name": "pm1." + one["name"]} for one in chain(product, tables)]

    sub = line("pm1", kind="subpm", mode="root" if os.getuid() == 0 else "user")
    box.load(sub, *nested("lua-1"))
    place = box.home / "spots/pm1/spots/web/lua-1"
    assert sorted(path.name for path in place.iterdir()) == ["build", "install", "setup"]
    web = box.unit("pm1.web")
    told = box.load(sub, *nested("lua-2", build={"fail": True}), status=3, march=True)
    assert "lua-2!build@web" in told
    assert box.unit("pm1.web")["pid"] == web["pid"]
    box.load(sub, *nested("lua-3"), march=True)
    until((place.parent / "lua-3/setup").exists, "the next version")
    until(lambda: box.unit("pm1.web").get("pid") not in (0, None, web["pid"]), "web to be new")


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_marched_the_last_plan_wins(box: Box, tmp_path: Path, seed: int) -> None:
    """Versions, failures, waits, orders by hand, deaths and changes of pm, in any order."""
    rng = random.Random(seed)
    loads: list[Load] = []
    for turn in range(12):
        tables: dict[str, dict[str, Any]] = {do: {"version": f"c{rng.randrange(3)}"} for do in DOS}
        if rng.randrange(3) == 0:
            tables[rng.choice(DOS)]["fail"] = True
        if rng.randrange(3) == 0:
            tables[rng.choice(DOS)]["hold"] = str(tmp_path / f"go{turn}")
        loads.append(Load(box, *chain(f"lua-{rng.randrange(3)}", tables)))
        loads[-1].join(rng.choice((0, 0.1, 1)))
        what = rng.randrange(8)
        if what in (2, 3) or rng.randrange(2):  # an order waits for what it needs
            (tmp_path / f"go{turn}").touch()
        if what == 0:
            box.pm("reexec")
        elif what == 1:
            box.kill()
        elif what == 2:
            box.pm("restart", "web")
        elif what == 3:
            box.pm("stop", "web")
        (tmp_path / f"go{turn}").touch()
    for one in loads:
        one.join(60)
    box.load(*chain("lua-9"), march=True)
    said(box, "lua-9")
    until(lambda: names(box) == {"web", *(unit(do, "lua-9") for do in DOS)}, "only the last")
    assert box.unit("web")["state"] == "RUNNING"
    assert box.unit("web")["detail"] == ""
    assert "lua-9" in (box.home / "units/web/parameter").read_text()
