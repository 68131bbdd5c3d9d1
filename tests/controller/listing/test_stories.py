"""What a node says of causes and dependencies is doubted, and can steer no terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.controller.march.desk import line, plan
from tests.controller.march.test_history import signed

from enve.app.history import Entry, History
from enve.app.origins import Origins
from enve.app.signedfile import Content
from enve.core import stories
from enve.model.site import Connection, Domain, Node
from enve_pm.core import story
from enve_pm.core.refusal import FormatError

LINK = {"unit": "web", "relation": "", "state": "FAIL", "want": "up", "result": "exit:1"}
TOLD: dict[str, Any] = {"v": 1, "alive": True, "chain": [LINK], "job": None, "log": ["bye"]}


def test_addresses_become_whole() -> None:
    told = stories.why("n1", json.dumps({**TOLD, "chain": [LINK, {**LINK, "unit": "pm.db"}]}))
    assert [link["unit"] for link in told["chain"]] == ["n1.web", "n1.pm.db"]
    units = {"web": {"state": "FAIL", "result": "", "edges": [["need", "db"]]}}
    found = stories.graph("n.1", json.dumps({"v": 1, "units": units}))
    assert found["[n.1].web"].edges == [("need", "[n.1].db")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"chain": []},
        {"chain": [{**LINK, "unit": "a..b"}]},
        {"chain": [LINK] * 101},
        {"chain": "x"},
        {"job": 3},
        {"log": ["x"] * 51},
        {"v": 2},
    ],
)
def test_what_is_none_of_ours_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(FormatError):
        stories.why("n1", json.dumps({**TOLD, **wrong}))
    edges = {"v": 1, "units": {"a": {"edges": [["eats", "b"]]}}}
    with pytest.raises(FormatError):
        stories.graph("n1", json.dumps(edges))


def test_nothing_of_it_drives_a_terminal() -> None:
    evil = "\x1b[2J\n\u202e"
    job = {"command": [evil], "message": evil, "step": evil, "wall": 1, "ended": 2, "code": 1}
    link = {**LINK, "detail": evil, "why": evil, "result": evil}
    told = stories.why("n1", json.dumps({**TOLD, "chain": [link], "job": job, "log": [evil]}))
    assert all(text.isprintable() for text in story.lines(told, 10))


@given(st.binary(max_size=300).map(lambda data: data.decode("latin-1")))
def test_any_text(text: str) -> None:
    for read in (stories.why, stories.graph):
        try:
            read("n1", text)
        except FormatError as error:
            assert str(error)


# -- where it stands in the plan ------------------------------------------------------------------
def test_a_spot_is_found_in_the_plan_that_placed_it(tmp_path: Path) -> None:
    made = signed(7, plan({"n1": [line("web")]}))
    origins = {"group:all.db": "p.yml:9:3", "n*.web": "/x/p.yml:4:3"}
    entry = Entry(made.signed, Path(), origins=origins)
    History(tmp_path / "main").begin(Content(made), entry)
    domain = Domain("d", {"n1": Node("n1", Connection())}, {"all": ("n1",)})
    found = Origins(tmp_path, domain)
    assert found.of("web", "n1", "shop#7") == "/x/p.yml:4:3"
    assert found.of("web", "n1", "shop#7 (active #6)") == "/x/p.yml:4:3"
    assert found.of("db", "n1", "shop#7") == "p.yml:9:3"
    assert found.of("web", "n1", "shop#8") == found.of("other", "n1", "shop#7") == ""
    assert (found.signer("shop#7"), found.signer("shop#8")) == ("alice", "")


@pytest.mark.real
@pytest.mark.parametrize("said", ["", "garbage", '{"v":1}'])
@pytest.mark.parametrize("command", ["why", "list-dependencies"])
def test_an_answer_that_is_none_is_a_failure(tmp_path: Path, command: str, said: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "said").write_text(said)
    (home / "pm").write_text('#!/bin/sh\ncat "$(dirname "$0")/said"\n')
    (home / "pm").chmod(0o755)
    node = f"{{connection: local, install: user, home: {home}, register: none}}"
    (tmp_path / "inv.yml").write_text(f"domain: t.example\nnodes:\n  n: {node}\n")
    line = [sys.executable, "-c", "from enve.cli.main import main; main()"]
    line += [command, "-i", str(tmp_path / "inv.yml"), "-o", "json", "n.web"]
    env = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(line, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "what the node says is unreadable" in done.stderr
    assert json.loads(done.stdout)["v"] == 1
