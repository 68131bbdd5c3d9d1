"""A step of a unit as pm starts it: a process, the line on stdin, why on a pipe."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.fetching import MAIN, PLAIN, Repo
from tests.support.packed import tar

from enve_fire.app.packed import Asked, packed
from enve_fire.core.product import Product
from enve_fire.fetch.how import How
from enve_fire.stage.context import context
from enve_fire.store.store import Store

BUILD = ["mkdir -p $OUT$PREFIX/bin", "cp tool $OUT$PREFIX/bin/", "date +%N >$OUT$PREFIX/when"]
CONF = "port=1\n"


class Node:
    """One spot's folder, a store, and a product."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.repo = Repo(path / "source")
        (self.repo.path / "tool").write_text("#!/bin/sh\necho one\n")
        self.repo.git("add", "-A")
        self.repo.git("commit", "-qm", "one")
        self.place = path / "spots/web/tool-1"
        self.own = path / "spots/own"
        self.own.mkdir(parents=True)
        self.table: dict[str, Any] = {
            "enve": 1,
            "title": "tool",
            "version": "1",
            "prefix": "/opt/tool",
            "build": {"run": BUILD},
            "setup": {"files": [self.file(CONF)], "run": ['echo "$ENVE_STAGE" >$ROOT/ran']},
        }
        self.body = {
            "url": self.repo.url + "#" + self.repo.git("rev-parse", "HEAD").strip(),
            "source": "git:" + self.repo.git("rev-parse", "HEAD^{tree}").strip(),
        }

    def file(self, content: str) -> dict[str, Any]:
        """A config file, whose content lies beside as pm places it."""
        name = hashlib.sha256(content.encode()).hexdigest()
        (self.own / name).write_text(content)
        return {"path": "/opt/tool/etc/conf", "mode": 0o600, "sha256": name}

    def step(self, do: str, step: str, **more: Any) -> tuple[int, str]:
        """(exit status, what pm is told)"""
        main = more.pop("main", MAIN)
        body = {"do": do, "table": self.table, **self.body, **more.pop("body", {})}
        line = {"v": 1, "name": f"[tool-1!{do}@web]", "kind": "stage", "stage": body, **more}
        ours, theirs = os.pipe()
        env = {**PLAIN, "ENVE_STORE": str(self.path / "store"), "SPOT_DIR": str(self.own)}
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(main), "unit", step, str(self.place)],
            input=json.dumps(line, sort_keys=True, separators=(",", ":")).encode(),
            env=env,
            preexec_fn=lambda: os.dup2(theirs, 3),
            pass_fds=(3,),
            capture_output=True,
            check=False,
        )
        os.close(theirs)
        with os.fdopen(ours) as said:
            return done.returncode, said.read()


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def made(node: Node, *stages: str) -> None:
    for do in stages:
        assert node.step(do, "make") == (0, "")
        assert node.step(do, "check") == (0, "")


def test_a_chain_is_made_and_then_is_there(node: Node) -> None:
    for do in ("build", "install", "setup"):
        assert node.step(do, "check") == (1, "")
    made(node, "build", "install", "setup")
    assert (node.place / "opt/tool/etc/conf").read_text() == CONF
    assert (node.place / "ran").read_text() == "setup\n"


def test_other_config_is_another_setup_and_nothing_else(node: Node) -> None:
    made(node, "build", "install", "setup")
    when = (node.place / "opt/tool/when").read_text()
    node.table["setup"]["files"] = [node.file("port=2\n")]
    states = [node.step(do, "check")[0] for do in ("build", "install", "setup")]
    assert states == [0, 0, 1]
    made(node, "setup")
    assert (node.place / "opt/tool/etc/conf").read_text() == "port=2\n"
    assert (node.place / "opt/tool/when").read_text() == when


def test_where_there_is_nothing_to_do_nothing_is_done(node: Node) -> None:
    """Neither built nor set up: the source lies at its prefix; and a second time not even that."""
    del node.table["build"], node.table["setup"]
    made(node, "build", "install", "setup")
    assert (node.place / "opt/tool/tool").is_file()
    assert {path.name for path in (node.place / ".enve").iterdir()} == {"install", "deps"}
    assert not list((node.path / "store").glob("*-build"))
    assert not list((node.path / "store").glob("*-install"))
    before = states(node.path)
    made(node, "build", "install", "setup")
    assert states(node.path) == before


def test_what_was_done_is_not_done_again(node: Node) -> None:
    made(node, "build", "install", "setup")
    before = states(node.path)
    made(node, "build", "install", "setup")
    assert states(node.path) == before


def states(folder: Path) -> dict[str, tuple[int, ...]]:
    """What every change shows in; who only looks leaves another time of access."""
    found = {str(path): path.lstat() for path in folder.rglob("*")}
    return {
        path: (one.st_ino, one.st_mode, one.st_size, one.st_mtime_ns, one.st_ctime_ns)
        for path, one in found.items()
    }


def test_a_build_counts_as_there_while_it_is_installed(node: Node) -> None:
    made(node, "build", "install")
    (node.path / "store").rename(node.path / "gone")
    assert node.step("build", "check") == (0, "")
    (node.place / ".enve/install").unlink()
    assert node.step("build", "check") == (1, "")


def test_what_fails_says_why(node: Node) -> None:
    node.table["build"] = {"run": ["echo first", "echo no rule >&2; exit 7"]}
    code, why = node.step("build", "make")
    assert code == 82
    assert "build of tool-1: status 7: echo no rule" in why


def test_what_commands_say_is_never_told_as_our_own_words(node: Node) -> None:
    forged = "{ echo forged >&3; } 2>/dev/null || true"
    node.table["build"]["run"] = [forged, *BUILD]
    node.table["setup"]["run"] = [forged, "exit 7"]
    made(node, "build", "install")
    code, why = node.step("setup", "make")
    assert code == 84
    assert "status 7" in why
    assert "forged" not in why


def test_a_bug_is_no_answer(node: Node, tmp_path: Path) -> None:
    broken = tmp_path / "remote"
    shutil.copytree(MAIN.parents[1], broken, ignore=shutil.ignore_patterns("__pycache__"))
    with (broken / "enve_fire/unit/step.py").open("a") as step:
        step.write("\n\ndef _broken(self): raise ValueError('odd')\nStep.check = _broken\n")
    main = broken / "enve_fire/__main__.py"
    code, why = node.step("build", "check", main=main)
    assert code == 70
    assert why.startswith("a bug in enve: ValueError: odd (step.py:")
    (broken / "enve_fire/verb/unit.py").write_text("1 / 0")
    assert node.step("build", "check", main=main)[0] == 70


def test_what_was_brought_is_taken_for_what_a_build_makes(node: Node) -> None:
    node.table["build"] = {"run": ["exit 1"]}
    product = node.own / "product"
    (product / "opt/tool").mkdir(parents=True)
    (product / ".enve").mkdir()
    (product / "opt/tool/brought").write_text("x")
    pushed = {"kind": "tar", "sha256": "0" * 64, "size": 1}
    assert node.step("build", "make", product=pushed) == (0, "")
    made(node, "install")
    assert (node.place / "opt/tool/brought").read_text() == "x"
    other = {"platform": ["Plan9", "mips", ""]}
    code, why = node.step("build", "make", product=pushed, body=other)
    assert code == 65
    assert "is for Plan9 mips" in why


def package(node: Node, *platform: str, **more: Any) -> str:
    """A package of the node's product, or of one like it, made by another store."""
    environ = {**PLAIN, "ENVE_STORE": str(node.path / "another")}
    ctx = context(environ, Store.of(environ), How(environ=environ))
    ctx = ctx._replace(platform=platform or ctx.platform)
    product = Product(node.body["url"], more.pop("source", ""), {**node.table, **more})
    return "file://" + packed(product, Asked(str(node.path) + "/"), ctx)


def test_a_package_is_taken_for_what_a_build_makes(node: Node) -> None:
    url = package(node)
    node.table["build"] = {"run": [*BUILD, "exit 1"]}
    assert node.step("build", "make", body={"artifact": url}) == (0, "")
    made(node, "install")
    assert (node.place / "opt/tool/bin/tool").is_file()
    assert not (node.place / ".enve/pkg.json").exists()


@pytest.mark.parametrize(
    ("platform", "more", "told"),
    [
        (("Plan9", "mips", ""), {}, "is for Plan9 mips, and this is Linux"),
        ((), {"prefix": "/opt/x"}, "is for the prefix /opt/x, and not for /opt/tool"),
        ((), {"title": "other"}, "is a package of other, and not of tool"),
    ],
)
def test_a_package_that_is_none_of_the_products_is_refused(
    node: Node, platform: tuple[str, ...], more: dict[str, Any], told: str
) -> None:
    code, why = node.step("build", "make", body={"artifact": package(node, *platform, **more)})
    assert code == 65
    assert told in why
    assert node.step("build", "check") == (1, "")


def test_a_package_of_another_source_is_refused_and_so_is_what_is_none(node: Node) -> None:
    url = package(node)
    (node.repo.path / "tool").write_text("another")
    node.repo.git("commit", "-qam", "two")
    rev = {"url": "HEAD", "source": "HEAD^{tree}"}
    found = {key: node.repo.git("rev-parse", name).strip() for key, name in rev.items()}
    moved = {"url": f"{node.repo.url}#{found['url']}", "source": "git:" + found["source"]}
    code, why = node.step("build", "make", body={**moved, "artifact": url})
    assert code == 65
    assert f"and tool-1 is git:{found['source']}" in why
    (node.path / "plain.tar.gz").write_bytes(gzip.compress(tar(("a/b", b""))))
    code, why = node.step("build", "make", body={"artifact": f"file://{node.path}/plain.tar.gz"})
    assert code == 65
    assert "is no package" in why


def test_a_source_that_is_another_is_refused(node: Node) -> None:
    code, why = node.step("build", "make", body={"source": "git:" + "0" * 40})
    assert code == 80
    assert "wanted git:000" in why


def test_old_versions_go_and_those_in_use_stay(node: Node) -> None:
    node.table["install"] = {"keep": 1}
    made(node, "build", "install")
    first, node.place = node.place, node.place.with_name("tool-2")
    node.table["version"] = "2"
    for used, left in (("tool-1", True), ("", False)):
        body = {"do": "install", "table": node.table, **node.body}
        line = {"v": 1, "name": "[tool-2!install@web]", "kind": "stage", "stage": body}
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(MAIN), "unit", "make", str(node.place)],
            input=json.dumps(line, sort_keys=True, separators=(",", ":")).encode(),
            env={**PLAIN, "ENVE_STORE": str(node.path / "store"), "ENVE_USED": used},
            check=False,
        )
        assert done.returncode == 0
        assert first.exists() == left


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b'{"name":"x"}', b"\xff", b'{"name":"[a!build@b]","stage":{"do":"build"}}'],
)
def test_a_line_that_is_none(tmp_path: Path, data: bytes) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(MAIN), "unit", "make", str(tmp_path / "p")],
        input=data,
        env={**PLAIN, "ENVE_STORE": str(tmp_path / "store")},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 65
    assert b"Traceback" not in done.stderr


def with_helper(node: Node) -> None:
    """It runs with another product, from a repository of its own."""
    helper = Repo(node.path / "helper's")
    (helper.path / "helper").write_text('#!/bin/sh\necho "helps"\n')
    (helper.path / "helper").chmod(0o755)
    helper.git("add", "-A")
    helper.git("commit", "-qm", "one")
    table = {
        "enve": 1,
        "title": "helper",
        "prefix": "/opt/helper",
        "build": {"run": ["mkdir -p $OUT$PREFIX/bin", "cp helper $OUT$PREFIX/bin"]},
    }
    row = {
        "url": helper.url + "#" + helper.git("rev-parse", "HEAD").strip(),
        "source": "git:" + helper.git("rev-parse", "HEAD^{tree}").strip(),
        "table": table,
    }
    node.table["deps"] = {"run": [row]}


def test_a_unit_finds_what_it_runs_with(node: Node) -> None:
    with_helper(node)
    made(node, "build", "install", "setup")
    env = {"ROOT": str(node.place), "PREFIX": "/opt/tool", "PATH": "/usr/bin:/bin"}
    told = 'helper; ls "$DEP_HELPER"; echo "$PATH"'
    words = ["/bin/sh", "-c", '. "$ROOT/.enve/env" && exec "$@"', "sh", "/bin/sh", "-c", told]
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=True)
    says, inside, path = done.stdout.splitlines()
    assert (says, inside) == ("helps", "bin")
    assert path.split(":")[0] == f"{node.place}/opt/tool/bin"
    assert path.endswith(":/usr/bin:/bin")


def test_what_it_runs_with_is_looked_at_too(node: Node) -> None:
    with_helper(node)
    made(node, "build", "install")
    words = (node.place / ".enve/env").read_text().splitlines()
    (entry,) = [word.partition("=")[2] for word in words if word.startswith("export DEP_HELPER=")]
    folder = Path(shlex.split(entry)[0].removesuffix("/opt/helper"))
    shutil.rmtree(folder)
    assert node.step("install", "check") == (1, "")
    made(node, "install")
    assert (folder / "opt/helper/bin/helper").is_file()


def test_an_install_that_was_cut_off_before_its_unit_could_run_is_done_again(node: Node) -> None:
    with_helper(node)
    made(node, "build", "install")
    (node.place / ".enve/env").unlink()
    assert node.step("install", "check") == (1, "")
    made(node, "install")
    assert (node.place / ".enve/env").is_file()
