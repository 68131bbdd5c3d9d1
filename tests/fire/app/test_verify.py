"""`verify`: what was laid is compared with what is there, by the command as it is run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.support.workbench import ARGV, BUILD, Workbench, table

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
CONF = "/opt/greet/etc/conf"
KEY = "hunter2"


def verify(bench: Workbench, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return bench.stages("verify", *words)


def found(bench: Workbench, *words: str | Path) -> tuple[int, dict[str, Any]]:
    """(exit status, {STAGE of PRODUCT: state, or what differs})"""
    done = verify(bench, "-o", "json", *words)
    document = json.loads(done.stdout)
    assert done.stdout.count("\n") == 1 and document["v"] == 1
    said = {
        f"{one['stage']} of {one['product']}": sorted(
            (row["path"], row["how"]) for row in one["differences"]
        )
        or one["state"]
        for one in document["stages"]
    }
    wrong = [one for one in document["stages"] if one["state"] not in ("same", "away")]
    assert document["wrong"] == len(wrong)
    return done.returncode, said


def conf(content: str = "a=1\n", **more: Any) -> dict[str, Any]:
    return {"path": CONF, "mode": 0o640, "content": content, **more}


def installed(bench: Workbench, *words: str | Path, **sections: Any) -> Path:
    """The root that a product of its own is set up in."""
    profile = bench.profile(table(**sections))
    prefix = Path(bench.good("setup", *words, "-f", profile, bench.path / "greet"))
    return prefix.parents[1]


@pytest.fixture
def greet(bench: Workbench) -> Workbench:
    bench.source()
    return bench


# -- in a place of its own -------------------------------------------------------------------------
def test_nothing_differs(greet):
    assert found(greet) == (0, {})
    installed(greet, setup={"files": [conf()]})
    assert found(greet) == (0, {"install of greet-1": "same", "setup of greet": "same"})
    assert verify(greet).stdout == "2 as they were laid\n"


def test_each_way_to_differ_is_told(greet):
    root = installed(greet)
    opt = root / "opt/greet"
    (opt / "bin/greet").chmod(0o755)
    (opt / "when").unlink()
    (opt / "more/inner").mkdir(parents=True)
    (root / "etc").mkdir()
    (opt / "more\n\x1b[2J: missing").touch()
    assert "  opt/greet/more\\n\\e[2J: missing: was not there" in verify(greet).stdout.splitlines()
    (opt / "more\n\x1b[2J: missing").unlink()
    assert found(greet) == (
        3,
        {
            "install of greet-1": [
                ("etc", "extra"),
                ("opt/greet/bin/greet", "mode"),
                ("opt/greet/more", "extra"),
                ("opt/greet/when", "missing"),
            ]
        },
    )
    done = verify(greet, "--no-extra")
    assert done.returncode == 3
    assert done.stdout.splitlines() == [
        f"greet-1, installed in {root}",
        "  opt/greet/bin/greet: mode 755, not 555",
        "  opt/greet/when: missing",
    ]
    assert "1 of 1: not as they were laid" in done.stderr
    (opt / "bin/greet").write_text("another")
    (opt / "when").mkdir()
    _, said = found(greet, "--no-extra")
    assert said["install of greet-1"] == [
        ("opt/greet/bin/greet", "changed"),
        ("opt/greet/when", "kind"),
    ]


def test_no_link_is_followed(greet, tmp_path):
    root = installed(greet)
    shutil.copytree(root / "opt/greet", tmp_path / "twin")
    shutil.rmtree(root / "opt/greet")
    (root / "opt/greet").symlink_to(tmp_path / "twin")
    code, said = found(greet)
    assert code == 3
    assert dict(said["install of greet-1"]) == {
        "opt/greet": "kind",
        "opt/greet/bin": "missing",
        "opt/greet/bin/greet": "missing",
        "opt/greet/when": "missing",
    }


# -- setups ----------------------------------------------------------------------------------------
def test_what_a_setup_lays_over_an_install_is_the_setups(greet):
    replaced = {"path": "/opt/greet/bin/greet", "mode": 0o755, "content": "#!/bin/sh\n"}
    root = installed(greet, setup={"files": [replaced, conf(secret=True, mode=0o600)]})
    assert found(greet)[0] == 0
    for path in ("opt/greet/bin/greet", CONF[1:]):
        (root / path).write_text("by hand")
    changed = [("opt/greet/bin/greet", "changed"), (CONF[1:], "changed")]
    assert found(greet) == (3, {"install of greet-1": "same", "setup of greet": changed})
    installed(greet, setup={"files": [replaced, conf("b=2\n")]})  # what was edited is kept aside
    assert (root / (CONF[1:] + ".enve-save")).read_text() == "by hand"
    assert found(greet)[0] == 0


def test_what_commands_of_a_setup_wrote_is_no_extra(greet):
    root = installed(
        greet, setup={"files": [conf()], "run": ["mkdir -p $ROOT/var; date >$ROOT/ran"]}
    )
    assert found(greet)[0] == 0
    (root / "later").touch()
    assert found(greet)[1]["install of greet-1"] == [("later", "extra")]


def test_one_that_failed_is_unfinished(greet):
    profile = greet.profile(table(setup={"files": [conf()], "run": ["exit 1"]}))
    assert greet.fire("setup", "-f", profile, greet.path / "greet").returncode == 84
    assert found(greet) == (3, {"install of greet-1": "same", "setup of greet": "unfinished"})
    assert "greet, set up in" in verify(greet).stdout
    assert "has not come to its end" in verify(greet).stdout


# -- roots that several share, and how places are named --------------------------------------------
def test_a_place_is_named_by_itself_by_what_is_in_it_or_by_what_it_is_in(greet):
    root = greet.path / "roots/one"
    installed(greet, "--root", root)
    (root / "mine").touch()  # others may have things there
    same = (0, {"install of greet-1": "same"})
    assert found(greet) == (0, {})  # it was not run
    for place in (root, root / "opt/greet/bin", greet.path / "roots", f"{root}/"):
        assert found(greet, place) == same
    (root / "opt/greet/when").write_text("x")
    assert found(greet, root / "opt")[0] == 3
    for nothing in (greet.path / "greet", greet.path / "no/such", "--extra"):
        assert verify(greet, nothing).returncode == 64


def test_roots_of_what_was_run_are_found(greet):
    root = greet.path / "root"
    greet.good("run", "--root", root, "-f", greet.profile(table()), greet.path / "greet")
    assert found(greet) == (0, {"install of greet-1": "same"})
    shutil.rmtree(root)
    assert found(greet) == (0, {})


def test_an_install_that_was_cut_off_is_unfinished(greet):
    root = greet.path / "root"
    installed(greet, "--root", root)
    mark = root / ".enve/installs/greet-1"
    mark.rename(f"{mark}.begun")
    assert found(greet, root) == (3, {"install of greet-1": "unfinished"})
    installed(greet, "--root", root)
    assert found(greet, root) == (0, {"install of greet-1": "same"})


# -- marks -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "data", ["x", "enve-mark 1 x\n{}\n", "{hash}\n[]\n", '{hash}\n{"files":[["../x","/",1]]}\n']
)
def test_a_damaged_mark_is_65_and_the_rest_is_told(greet, data):
    root = installed(greet, setup={"files": [conf()]})
    (root / CONF[1:]).unlink()
    mark = root / ".enve/install"
    mark.write_text(data.replace("{hash}", mark.read_text().splitlines()[0]))
    code, said = found(greet)
    assert (code, said["setup of greet"]) == (65, [(CONF[1:], "missing")])
    assert "damaged" in said.values()
    done = verify(greet)
    assert done.returncode == 65 and f"{mark}: a damaged mark" in done.stdout


@ROOT_ONLY
@pytest.mark.parametrize("how", ["another's", "open to all", "in a folder open to all", "a link"])
def test_marks_of_strangers_count_for_nothing(greet, how):
    root = greet.path / "root"
    installed(greet, "--root", root)
    mark = root / ".enve/installs/greet-1"
    match how:
        case "another's":
            os.chown(mark, 1, 1)
        case "open to all":
            mark.chmod(0o666)
        case "a link":
            mark.rename(root / "elsewhere")
            mark.symlink_to(root / "elsewhere")
        case _:
            mark.parent.chmod(0o777)
    done = verify(greet, root)
    assert (done.returncode, done.stdout) == (64, "")
    assert "no mark that counts" in done.stderr


@ROOT_ONLY
@pytest.mark.real
def test_root_looks_with_the_rights_of_the_owner(greet):
    root = greet.path / "root"
    installed(greet, "--root", root)
    greet.path.chmod(0o755)
    subprocess.run(["chown", "-R", "1:1", root], check=True)
    assert found(greet, root) == (0, {"install of greet-1": "same"})
    secret = root / "opt/greet/when"
    os.chown(secret, 0, 0)
    secret.chmod(0o400)
    assert found(greet, root)[1] == {"install of greet-1": [("opt/greet/when", "unreadable")]}
    os.chown(root / ".enve/installs/greet-1", 2, 2)
    assert verify(greet, root).returncode == 64


def test_of_several_that_are_named_none_is_passed_over(greet):
    one, other = greet.path / "one", greet.path / "other"
    for root in (one, other):
        installed(greet, "--root", root)
    (one / ".enve").chmod(0o777)
    for words in ((one, other), (other, one)):
        assert found(greet, *words) == (
            3,
            {"install of greet-1": "same", "place of ": "unreadable"},
        )
    done = verify(greet, greet.path)
    assert f"{one}\n  no mark that counts lies there" in done.stdout


@ROOT_ONLY
@pytest.mark.real
@pytest.mark.parametrize("what", [".", ".enve", ".enve/installs", ".enve/installs/greet-1"])
def test_what_its_owner_has_shut_is_told(greet, what):
    spots = greet.path / "pm/spots/web"
    for title in ("other", "shut"):
        installed(greet, "--root", spots / title)
    greet.path.chmod(0o755)
    subprocess.run(["chown", "-R", "1:1", spots / "shut"], check=True)
    (spots / "shut" / what).chmod(0)
    greet.env["PMHOME"] = str(greet.path / "pm")
    for words in ((), (spots,)):
        code, said = found(greet, *words)
        assert (code, "unreadable" in said.values()) == (3, True)
        assert said["install of greet-1"] in ("same", "unreadable")


@pytest.mark.parametrize("many", [9_999, 10_001])
def test_who_fills_his_spot_hides_no_other(greet, many):
    spots = greet.path / "pm/spots"
    for spot in ("a", "full", "z"):
        installed(greet, "--root", spots / spot / "greet-1")
    for number in range(many - 1):
        (spots / f"full/{number}").mkdir()
    greet.env["PMHOME"] = str(greet.path / "pm")
    done = verify(greet, "-o", "json")
    said = [(one["state"], one["root"]) for one in json.loads(done.stdout)["stages"]]
    wanted = [("same", f"{spots}/{spot}/greet-1") for spot in "az"]
    full = ("unreadable", f"{spots}/full") if many > 10_000 else ("same", f"{spots}/full/greet-1")
    assert (done.returncode, sorted(said)) == (3 * (many > 10_000), sorted([*wanted, full]))


@pytest.mark.parametrize("data", ["a\\u0000b", "\\ud800", "a\\\\q"])
def test_a_hostile_mark_stops_no_other(greet, data):
    one, other = greet.path / "one", greet.path / "other"
    for root in (one, other):
        installed(greet, "--root", root)
    mark = one / ".enve/installs/greet-1"
    rows = f'{{"files":[["{data}","/",493]],"title":"greet","version":"2"}}'
    mark.write_text(f"{mark.read_text().splitlines()[0]}\n{rows}\n")
    done = verify(greet, "-o", "json", one, other)
    states = [row["state"] for row in json.loads(done.stdout)["stages"]]
    assert (done.returncode, states) == (65, ["damaged", "same"])


# -- and then --------------------------------------------------------------------------------------
@pytest.mark.parametrize("shared", [False, True])
def test_what_is_forgotten_is_done_again(greet, shared):
    words = ["--root", greet.path / "root"] if shared else []
    default = "mkdir -p $OUT$PREFIX/etc; echo default >$OUT$PREFIX/etc/conf"
    sections = {
        "build": {"run": [*BUILD, default], "sandbox": "none"},
        "setup": {"files": [conf()]},
    }
    root = installed(greet, *words, **sections)
    assert found(greet, root)[0] == 0
    for path in ("opt/greet/when", CONF[1:]):
        (root / path).unlink()  # a file may be the artifact's, too
        (root / path).write_text("by hand")
    (root / "mine").touch()
    assert found(greet, "--forget", root)[0] == 3
    assert installed(greet, *words, **sections) == root
    assert found(greet, root) == (0, {"install of greet-1": "same", "setup of greet": "same"})
    assert (root / CONF[1:]).read_text() == "a=1\n"
    assert (root / "mine").exists() == shared
    (root / CONF[1:]).write_text("by hand")
    assert found(greet, "--forget", root)[0] == 3
    installed(greet, *words, **sections)
    assert found(greet, root)[0] == 0
    assert (root / (CONF[1:] + ".enve-save")).read_text() == "by hand"


def test_nothing_is_forgotten_that_does_not_differ(greet):
    root = installed(greet, setup={"files": [conf()]})
    before = {path: path.stat().st_ino for path in root.rglob("*")}
    assert found(greet, "--forget")[0] == 0
    assert installed(greet, setup={"files": [conf()]}) == root
    assert before == {path: path.stat().st_ino for path in root.rglob("*")}


# -- by whom ---------------------------------------------------------------------------------------
def test_the_controller_says_the_same(greet):
    root = installed(greet)
    run = partial(
        subprocess.run,
        env={**greet.env, "XDG_STATE_HOME": str(greet.home)},
        cwd=greet.path,
        capture_output=True,
        text=True,
        check=False,
    )
    enve = (Path(sys.executable).parent / "enve", "verify")
    done = run([*enve, root])
    assert (done.returncode, done.stdout) == (0, "1 as they were laid\n")
    (root / "opt/greet/when").unlink()
    for words, code in (([], 3), ([greet.path / "greet"], 64), (["-o", "jsno"], 64)):
        done = run([*enve, *words])
        assert done.returncode == code and "error: " in done.stderr
    done = run([*enve, "-o", "json"])
    assert (done.returncode, json.loads(done.stdout)["wrong"]) == (3, 1)


def test_pm_becomes_the_program_that_does_it(greet):
    home = greet.path / "pm"
    places = (home / "spots/web/greet-1", home / "spots/tenants/spots/web/greet-1")
    places[1].parent.mkdir(parents=True)
    installed(greet).rename(places[1])
    shutil.copytree(places[1], places[0], symlinks=True)
    argv = [*ARGV[:-1], str(Path(ARGV[-1]).parents[1] / "enve_pm/__main__.py"), "stages", "verify"]
    done = subprocess.run(
        argv, env={**greet.env, "PMHOME": str(home)}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "2 as they were laid\n", "")
