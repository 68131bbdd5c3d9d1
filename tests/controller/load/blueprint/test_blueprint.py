"""Blueprints that are right: what each node gets, and that the node reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from enve.core import nodeblueprint
from enve.core.layout import as_pm, pms, spots
from enve.load.blueprint.blueprint import load_blueprint
from enve.load.inventory.inventory import load_domain
from enve.load.keyfile import PublicKey
from enve.model.blueprint import Blueprint
from enve_pm.core import blueprint as node_side
from enve_pm.wire import canonical

INVENTORY = """
domain: shop.example
nodes:
  web[01:02]: {groups: [web], become: true}
  db1: {user: root}
  lap: {connection: local}
"""

SHOP = """
keys: {alice: alice.asc, bob: bob.gpg}
keyholes:
  - {key: alice, scope: "group:web.**", until: 2027-06-01}
  - {key: bob, may: [march, build], scope: ["db*.**", "lap.**"],
     from: 2026-01-01T12:00:00Z, lanes: [main, db]}
limits: {generations: 7}
nodes:
  "group:web":
    limits: {inbox: 64M}
    spots:
      edge: {user: www-data, groups: [adm], rlimits: {nofile: 64K, core: unlimited}}
    pms:
      tenants: {mode: user, user: tenants, spots: {shop: {}, blog: }}
      base: {mode: root, pms: {inner: {user: inner, spots: {a: {}}}}}
  web01:
    spots: {extra: {user: x, kinds: resource, excl: apt, log: 1G}}
    pms: {tenants: {user: tenants, spots: {third: {}}}}
  db1: {spots: {postgres: {user: postgres, writes: [/srv/pg]}}}
  lap:
    spots: {tool: {stores: "https://b.example/store"}}
    pms: {sub: {spots: {"[lua-5.4!run@web]": {}}}}
"""


def read_key(path: Path) -> PublicKey:
    return PublicKey(("A" if path.stem == "alice" else "B") * 40, b"K")


def shop(tmp_path: Path, text: str = SHOP) -> Blueprint:
    (tmp_path / "inventory.yml").write_text(INVENTORY)
    (tmp_path / "blueprint.yml").write_text(text)
    domain = load_domain([tmp_path / "inventory.yml"])
    return load_blueprint(tmp_path / "blueprint.yml", domain, read_key)


def test_what_each_node_gets(tmp_path: Path) -> None:
    nodes = shop(tmp_path).nodes
    assert list(nodes) == ["web01", "web02", "db1", "lap"]
    found = {".".join(steps): ceiling.user for steps, ceiling in spots(nodes["web01"].tree)}
    assert found == {
        "edge": "www-data",
        "extra": "x",
        "tenants.shop": "tenants",
        "tenants.blog": "tenants",
        "tenants.third": "tenants",
        "base.inner.a": "inner",
    }
    assert [".".join(steps) for steps, _ in pms(nodes["web02"].tree)] == [
        "tenants",
        "base",
        "base.inner",
    ]
    edge = nodes["web02"].tree.spots["edge"]
    assert (edge.groups, edge.rlimits) == (
        ("adm",),
        {"nofile": 65536, "core": -1},
    )
    extra = nodes["web01"].tree.spots["extra"]
    assert (extra.kinds, extra.excl, extra.log) == (("resource",), ("apt",), 1 << 30)
    assert nodes["web01"].limits == {"generations": 7, "inbox": 64 << 20}


def test_keyholes_go_where_their_scope_points(tmp_path: Path) -> None:
    nodes = shop(tmp_path).nodes
    assert [hole.name for hole in nodes["web01"].keyholes] == ["alice"]
    assert nodes["web01"].keyholes[0].scope == ("web01.**",)
    assert nodes["web01"].keyholes[0].until == 1811808000
    (bob,) = nodes["db1"].keyholes
    assert (bob.scope, bob.lanes) == (("db*.**", "lap.**"), ("main", "db"))
    assert bob.since == 1767268800
    assert bob.where is not None
    assert bob.where.line == 5


WALLS = """
nodes:
  "group:web":
    spots: {base: {user: root, kinds: [subroot]}, net: {user: root, kinds: [network]}}
    pms:
      old: {mode: root, root: base, needs: [net, cell], spots: {erp: {user: erp}}}
      cell: {mode: root, jail: true, network: net, hostname: cell, root: base, users: 231072}
      plain: {mode: root, jail: false, pms: {u: {user: u, pms: {j: {jail: true, network: none}}}}}
  lap: {pms: {cell: {jail: true}}}
"""


def test_walls(tmp_path: Path) -> None:
    pms = shop(tmp_path, WALLS).nodes["web01"].tree.pms
    assert (pms["old"].walls, pms["old"].needs) == ({"root": "base"}, ("net", "cell"))
    assert pms["cell"].walls == {
        **{"root": "base", "jail": True, "net": "net", "hostname": "cell", "users": 231072}
    }
    assert not pms["plain"].walls
    assert pms["plain"].pms["u"].pms["j"].walls == {"jail": True, "net": "none"}


@pytest.mark.parametrize("text", [SHOP, WALLS], ids=["shop", "walls"])
def test_the_node_reads_what_it_gets(tmp_path: Path, text: str) -> None:
    blueprint = shop(tmp_path, text)
    domain = load_domain([tmp_path / "inventory.yml"])
    for name, one in blueprint.nodes.items():
        node = domain.nodes[name]
        value = canonical.loads(nodeblueprint.render(domain.name, node, one).rstrip())
        read = node_side.parse(value, system=node.install == "system")
        assert (read.domain, read.node) == ("shop.example", name)
        assert read.tree == as_pm(one.tree)._replace(mode=read.tree.mode, user=read.tree.user)


def test_bracketed_names_lose_their_brackets(tmp_path: Path) -> None:
    assert "lua-5.4!run@web" in shop(tmp_path).nodes["lap"].tree.pms["sub"].spots


def test_nodes_that_fit_alike_share_one_tree(tmp_path: Path) -> None:
    nodes = shop(tmp_path, "nodes: {web*: {spots: {a: {user: u}}}}\n").nodes
    assert nodes["web01"].tree is nodes["web02"].tree


def test_who_builds_for_others_cannot_march(tmp_path: Path) -> None:
    text = "keys: {alice: a}\nkeyholes: [{key: alice, may: build, scope: '**'}]\n"
    blueprint = shop(tmp_path, text + "nodes: {lap: {spots: {a: {}}}}\n")
    assert blueprint.nodes["lap"].keyholes[0].may == ("build",)
    (notice,) = blueprint.notices
    assert notice.message == "nobody can march to lap: its keyholes don't name a key"


def test_stores_that_nobody_signs_for_are_told(tmp_path: Path) -> None:
    (notice,) = shop(tmp_path, SHOP.replace("[march, build]", "march")).notices
    assert notice.message == "stores of lap.tool: no keyhole says who may build for it"


def test_what_is_allowed_but_hardly_meant(tmp_path: Path) -> None:
    text = "keys: {alice: a}\nkeyholes: [{key: alice, scope: 'web*.shop'}]\n"
    notices = shop(tmp_path, text + "nodes: {lap: {spots: {a: {}}}}\n").notices
    assert [notice.message for notice in notices] == [
        "keyhole of 'alice': no spot of this blueprint is in its scope web*.shop",
        "nobody can march to lap: its keyholes don't name a key",
    ]
    assert not shop(tmp_path).notices


def test_a_blueprint_in_an_inventory(tmp_path: Path) -> None:
    file = tmp_path / "all.yml"
    file.write_text(INVENTORY + "blueprint:\n  nodes: {lap: {spots: {a: {}}}}\n")
    domain = load_domain([file])
    assert domain.blueprint == str(file)
    blueprint = load_blueprint(domain.blueprint, domain, read_key)
    assert list(blueprint.nodes["lap"].tree.spots) == ["a"]
