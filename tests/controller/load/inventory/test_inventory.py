"""Inventories that are right, and what they mean."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from enve.load.inventory.inventory import load_domain
from enve.model.site import Become, Domain


def domain(tmp_path: Path, text: str) -> Domain:
    file = tmp_path / "inventory.yml"
    file.write_text(text)
    return load_domain([file])


SHOP = """
domain: shop.example
blueprint: ../blueprint.yml
defaults: {user: deploy, become: true, jump: gate.example}
vars: {region: eu, workers: 2}
machines:
  rack7: {uuid: 4c4c4544-0042-3510-8054-b9c04f4a3232}
nodes:
  web[01:03]: {host: "10.0.1.{{ index }}", groups: [web]}
  db1: {host: 10.0.2.1, groups: [db], machine: rack7, vars: {workers: 8}, become: ask}
  laptop: {connection: local, become: false, jump: b@c:22}
groups:
  web: {vars: {workers: 4}, port: 2222}
  eu: {children: [web, db], vars: {workers: 3, region: eu-1}}
  odd: {nodes: ["web0[13]", laptop]}
"""


def test_the_shop(tmp_path: Path) -> None:
    found = domain(tmp_path, SHOP)
    assert found.name == "shop.example"
    assert list(found.nodes) == ["web01", "web02", "web03", "db1", "laptop"]
    assert Path(found.blueprint) == tmp_path / "../blueprint.yml"
    assert found.groups == {
        "web": ("web01", "web02", "web03"),
        "eu": ("web01", "web02", "web03", "db1"),
        "odd": ("web01", "web03", "laptop"),
        "db": ("db1",),
    }
    assert found.machines["rack7"].vars["uuid"].startswith("4c4c4544")


def test_settings_and_variables_come_from_the_nearest(tmp_path: Path) -> None:
    nodes = domain(tmp_path, SHOP).nodes
    web = nodes["web02"]
    assert (web.connection.host, web.connection.port) == ("10.0.1.2", 2222)
    assert (web.connection.user, web.connection.jump) == ("deploy", "gate.example")
    assert web.install == "system"
    assert web.groups == ("eu", "web")
    assert web.vars == {"region": "eu-1", "workers": 4}
    assert web.where is not None
    assert web.where.line == 9
    assert nodes["db1"].vars["workers"] == 8
    assert nodes["db1"].connection.become == Become(enabled=True, ask=True)
    assert nodes["db1"].machine == "rack7"
    laptop = nodes["laptop"]
    assert (laptop.connection.kind, laptop.connection.host) == ("local", "")
    assert laptop.install == "user"


@pytest.mark.parametrize(
    ("settings", "install"),
    [
        ("{}", "user"),
        ("{user: root}", "system"),
        ("{become: true}", "system"),
        ("{become: ask}", "system"),
        ("{become: true, install: user}", "user"),
        ("{install: system}", "system"),
    ],
)
def test_auto_install(tmp_path: Path, settings: str, install: str) -> None:
    assert domain(tmp_path, f"domain: x\nnodes: {{a: {settings}}}\n").nodes["a"].install == install


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("n[8:11]", "n8 n9 n10 n11"),
        ("n[08:11]", "n08 n09 n10 n11"),
        ("n[1:9:4]", "n1 n5 n9"),
        ("db-[a:c].x", "db-a.x db-b.x db-c.x"),
        ("r[1:2]-n[01:02]", "r1-n01 r1-n02 r2-n01 r2-n02"),
    ],
)
def test_ranges(tmp_path: Path, name: str, made: str) -> None:
    assert list(domain(tmp_path, f"domain: x\nnodes: {{'{name}': {{}}}}\n").nodes) == made.split()


def test_counting_with_the_index(tmp_path: Path) -> None:
    text = (
        "domain: x\nnodes:\n  r[1:2]n[01:02]:\n"
        "    {host: '10.{{index}}.0.{{ index2 + 10 }}', home: '/pm/{{ name }}'}\n"
    )
    nodes = domain(tmp_path, text).nodes
    assert [node.connection.host for node in nodes.values()] == [
        "10.1.0.11",
        "10.1.0.12",
        "10.2.0.11",
        "10.2.0.12",
    ]
    assert nodes["r2n01"].home == "/pm/r2n01"


def test_defaults_are_filled_in_by_node(tmp_path: Path) -> None:
    text = "domain: x\ndefaults: {host: '{{ name }}.lan'}\nnodes: {a: {}, b: {host: c}}\n"
    nodes = domain(tmp_path, text).nodes
    assert [node.connection.host for node in nodes.values()] == ["a.lan", "c"]


def test_a_pinned_key_sets_the_policy(tmp_path: Path) -> None:
    text = "domain: x\nnodes: {a: {pinned: 'ssh-ed25519 AAAAC3Nz'}}\n"
    connection = domain(tmp_path, text).nodes["a"].connection
    assert (connection.host_key, connection.pinned) == ("pinned", "ssh-ed25519 AAAAC3Nz")


def test_files_of_a_directory_are_one_inventory(tmp_path: Path) -> None:
    (tmp_path / "10-base.yml").write_text("domain: x\ndefaults: {port: 23, key: keys/id}\n")
    (tmp_path / "20-web.yaml").write_text("domain: x\nnodes:\n  web[1:2]: {groups: web}\n")
    (tmp_path / ".hidden.yml").write_text("domain: [")
    (tmp_path / "notes.txt").write_text("domain: [")
    found = load_domain([tmp_path])
    assert list(found.nodes) == ["web1", "web2"]
    assert found.nodes["web1"].connection.port == 23
    assert found.nodes["web1"].connection.key == str(tmp_path / "keys/id")


def test_anchors_and_merging_work(tmp_path: Path) -> None:
    text = "domain: x\nnodes:\n  a: &a {host: h, port: 2}\n  b: {<<: *a, port: 3}\n  c: *a\n"
    nodes = domain(tmp_path, text).nodes
    assert [(n.connection.host, n.connection.port) for n in nodes.values()] == [
        ("h", 2),
        ("h", 3),
        ("h", 2),
    ]


def test_a_byte_order_mark_and_crlf_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "i.yml").write_bytes(b"\xef\xbb\xbfdomain: x\r\nnodes: {a: {}}\r\n")
    assert list(load_domain([tmp_path / "i.yml"]).nodes) == ["a"]


def test_ten_thousand_nodes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"  n{i:05}: {{host: 10.0.{i // 250}.{i % 250}, groups: [web]}}" for i in range(10_000)]
    file = tmp_path / "big.yml"
    file.write_text("\n".join(["domain: x", "defaults: {user: deploy}", "nodes:", *rows, ""]))
    started = time.process_time()
    found = load_domain([file])
    with capsys.disabled():
        print(f"\n10,000 nodes loaded in {time.process_time() - started:.2f} s of CPU")
    assert len(found.nodes) == 10_000
    assert found.nodes["n09999"].connection.host == "10.0.39.249"
