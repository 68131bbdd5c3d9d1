"""`enve inventory` and `enve config`: what was loaded, and from where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.here import Enve, enve_in

INVENTORY = """\
domain: shop.example
nodes:
  web[01:02]: {host: "10.0.1.{{ index }}", user: deploy, groups: [web], vars: {rack: 7}}
  db1: {host: 10.0.2.1, port: 2222, become: true, jump: gate, machine: rack7, groups: [db]}
  laptop: {connection: local}
machines: {rack7: {}}
vars: {workers: 1}
groups:
  web: {vars: {workers: 4, tags: [a, b]}}
  db: {}
"""


@pytest.fixture
def enve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Enve:
    (tmp_path / "inventory.yml").write_text(INVENTORY)
    return enve_in(tmp_path, monkeypatch, capsys)


def test_nodes(enve: Enve) -> None:
    code, out, err = enve("inventory", "-i", "inventory.yml")
    assert (code, err) == (0, "")
    rows = [line.split() for line in out.splitlines()]
    assert rows[0] == ["NODE", "GROUPS", "CONNECTION", "USER", "INSTALL", "MACHINE"]
    assert rows[1][:5] == ["web01", "web", "ssh", "10.0.1.1:22", "deploy"]
    assert rows[3][:8] == ["db1", "db", "ssh", "10.0.2.1:2222", "through", "gate", "-", "+sudo"]
    assert rows[4][:3] == ["laptop", "-", "local"]
    assert out.splitlines()[-1] == "domain shop.example: 4 of 4 nodes"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["group:web"], ["web01", "web02"]),
        (["all:!web*"], ["db1", "laptop"]),
        (["all", "-l", "db"], ["db1"]),
    ],
)
def test_patterns(words: list[str], found: list[str], enve: Enve) -> None:
    code, out, _ = enve("inventory", "-i", "inventory.yml", "-o", "name", *words)
    assert (code, out.split()) == (0, found)


def test_json(enve: Enve) -> None:
    code, out, _ = enve("inventory", "-i", "inventory.yml", "-o", "json", "web01", "db1")
    assert code == 0
    told = json.loads(out)
    assert (told["v"], told["domain"]) == (1, "shop.example")
    assert [node["name"] for node in told["nodes"]] == ["web01", "db1"]
    assert told["nodes"][0]["vars"] == {"workers": 4, "tags": ["a", "b"], "rack": 7}
    assert told["groups"] == {"web": ["web01", "web02"], "db": ["db1"]}


def test_explain(enve: Enve) -> None:
    words = ("inventory", "-i", "inventory.yml", "--explain")
    code, out, _ = enve(*words, "web01")
    assert code == 0
    assert out.startswith("web01  (inventory.yml:3:3)\n")
    assert "  connection  ssh 10.0.1.1:22\n  login       deploy\n" in out
    assert "    rack: 7\n      from node web01, inventory.yml:3:80\n" in out
    assert "    workers: 4\n      from group web, inventory.yml:9:16\n      over all, " in out
    assert '    tags: ["a", "b"]' in out
    assert enve(*words, "web*")[0] == 64


def test_explain_with_tables_of_variables_that_are_empty(enve: Enve, tmp_path: Path) -> None:
    text = "domain: t.example\nvars:\nnodes: {a: {vars: , groups: g}}\ngroups: {g: {vars: }}\n"
    (tmp_path / "empty.yml").write_text(text)
    code, out, err = enve("inventory", "-i", str(tmp_path / "empty.yml"), "--explain", "a")
    assert (code, err) == (0, "")
    assert out.endswith("  variables   -\n")


def test_explain_in_json(enve: Enve) -> None:
    words = ("inventory", "-i", "inventory.yml", "-o", "json", "--explain")
    told = json.loads(enve(*words, "web01")[1])
    assert [place["owner"] for place in told["origins"]["workers"]] == ["all", "group web"]
    told = json.loads(enve(*words, "db1")[1])
    assert told["node"]["machine"] == "rack7"


def test_settings_and_their_origins(enve: Enve, tmp_path: Path) -> None:
    (tmp_path / "enve.toml").write_text("forks = 7\ninventory = ['inventory.yml']\n")
    code, out, _ = enve("config", "dump")
    assert code == 0
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()}
    assert rows["SETTING"] == ["VALUE", "ORIGIN"]
    assert rows["forks"] == ["7", str(tmp_path / "enve.toml")]
    assert rows["timeout"][1] == "default"
    told = json.loads(enve("config", "dump", "--only-changed", "-o", "json")[1])
    assert {row["name"]: row["value"] for row in told["settings"]} == {
        "forks": 7,
        "inventory": [str(tmp_path / "inventory.yml")],
    }


def test_a_bad_settings_file(enve: Enve, tmp_path: Path) -> None:
    (tmp_path / "enve.toml").write_text("froks = 7\n")
    code, out, err = enve("config", "dump")
    assert (code, out) == (65, "")
    assert "error: unknown setting 'froks'" in err
    assert "^^^^^ did you mean 'forks'?" in err


def test_a_settings_file_that_anybody_may_write(enve: Enve, tmp_path: Path) -> None:
    (tmp_path / "enve.toml").write_text("forks = 7\n")
    (tmp_path / "enve.toml").chmod(0o666)
    code, out, err = enve("config", "dump", "--only-changed", "--no-headers")
    assert (code, out) == (0, "")
    assert err.startswith("warning: ")
    assert "is ignored" in err


def test_config_dumps_and_nothing_else(enve: Enve) -> None:
    code, _, err = enve("config", "dmup")
    assert code == 64
    assert "did you mean 'dump'?" in err


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("db1", "'db1' is a node, no resource of one\n  db1.** means all of its resources"),
        ("**", "wanted addresses of resources, found a pattern of nodes (db1)\n  *.** means all"),
        ("w*", "wanted addresses of resources, found a pattern of nodes (web01)"),
    ],
)
def test_an_order_is_for_resources(enve: Enve, pattern: str, told: str) -> None:
    code, _, err = enve("restart", "-i", "inventory.yml", pattern)
    assert code == 64
    assert told in err
