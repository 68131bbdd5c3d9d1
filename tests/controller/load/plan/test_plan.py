"""Plans that are right: the lines, files, products and secrets of every node."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from enve.load.blueprint.blueprint import load_blueprint
from enve.load.inventory.inventory import load_domain
from enve.load.keyfile import PublicKey
from enve.load.plan.plan import load_plan, open_plan
from enve.model.plan import RenderedPlan
from enve_pm.core.unit import UnitSpec

INVENTORY = """
domain: shop.example
vars: {color: blue}
nodes:
  web[01:03]: {host: "10.0.1.{{ index }}", groups: [web], become: true, vars: {}}
  lap: {connection: local}
groups:
  web: {vars: {workers: 4}}
"""
BLUEPRINT = """
nodes:
  web*:
    spots: {edge: {user: www}, db: {user: db}}
    pms: {t: {user: t, spots: {shop: {}, blog: {}}}}
  lap: {spots: {a: {}, b: {}}}
"""


class Case:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "inventory.yml").write_text(INVENTORY)
        (folder / "blueprint.yml").write_text(BLUEPRINT)
        self.domain = load_domain([folder / "inventory.yml"])
        self.blueprint = load_blueprint(
            folder / "blueprint.yml", self.domain, lambda _: PublicKey("A" * 40, b"")
        )

    def load(self, text: str, **options: Any) -> RenderedPlan:
        file = self.folder / "plan.yml"
        file.write_text("plan: shop\n" + text)
        known = options.pop("blueprint", self.blueprint)
        return load_plan(file, self.domain, known, artifacts=self.folder / "artifacts", **options)

    def line(self, spots: str, **options: Any) -> dict[str, Any]:
        """The only line of lap."""
        (text,) = self.load(f"spots:\n  lap.a: {spots}\n", **options).nodes["lap"].lines.values()
        line: dict[str, Any] = json.loads(text)
        assert UnitSpec.parse(line).name == "a"
        assert (line.pop("v"), line.pop("name")) == (1, "a")
        return line


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


@pytest.mark.parametrize(
    ("spot", "line"),
    [
        ("{run: sleep 1}", {"command": ["sleep", "1"]}),
        ("{run: \"a 'b c' d\"}", {"command": ["a", "b c", "d"]}),
        ("{run: [a, 'b c', '', 3]}", {"command": ["a", "b c", "", "3"]}),
        ("{run: {sh: 'a | b > $C'}}", {"command": ["/bin/sh", "-c", "a | b > $C"]}),
        ("{run: 'a {{ x }}', vars: {x: b c}}", {"command": ["a", "b c"]}),
        ("{run: 'a {{ x }} d', vars: {x: ''}}", {"command": ["a", "d"]}),
        ("{run: 'a --w={{ x }}', vars: {x: 7}}", {"command": ["a", "--w=7"]}),
        ("{run: \"a {{ 'b c' }}\"}", {"command": ["a", "b c"]}),
        ("{state: stopped}", {"command": ["false"], "want": "down"}),
        ("{run: x, state: running}", {"command": ["x"], "want": "up"}),
        ("{run: x, nice: '{{ 2 + 3 }}'}", {"command": ["x"], "nice": 5}),
        ("{run: x, single: '{{ 1 == 1 }}'}", {"command": ["x"], "single": True}),
        ("{run: x, umask: 027}", {"command": ["x"], "umask": 0o27}),
        ("{run: x, stop_timeout: 1m30s}", {"command": ["x"], "stop_timeout": 90_000}),
        ("{run: x, stop_signal: SIGINT}", {"command": ["x"], "stop_signal": "INT"}),
        ("{run: x, log: {size: 2M, keep: 5}}",
         {"command": ["x"], "log_size": 2 << 20, "log_keep": 5}),
        ("{run: x, rlimits: {nofile: 4K, core: unlimited}}",
         {"command": ["x"], "rlimits": {"nofile": 4096, "core": -1}}),
        ("{run: x, env: {A: 1, B: 'no', C: 1.10}}",
         {"command": ["x"], "env": {"A": "1", "B": "no", "C": "1.10"}}),
        ("{run: x, ready: {wait: 2s}}", {"command": ["x"], "ready": {"how": "wait", "ms": 2000}}),
        ("{run: x, ready: {tcp: 80}}",
         {"command": ["x"], "ready": {"how": "tcp", "address": "127.0.0.1:80"}}),
        ("{run: x, ready: {unix: a.sock}}",
         {"command": ["x"], "ready": {"how": "unix", "socket": "a.sock"}}),
        ("{run: x, health: {command: y -z, every: 1m, timeout: 1s}}",
         {"command": ["x"], "health": {"how": "command", "command": ["y", "-z"],
                                       "every": 60000, "timeout": 1000}}),
        ("{run: x, health: {http: 'http://[::1]/x', failures: 1, on_failure: report}}",
         {"command": ["x"], "health": {"how": "http", "url": "http://[::1]/x",
                                       "failures": 1, "on_failure": "report"}}),
        ("{run: x, ready: notify, watchdog: 30s}",
         {"command": ["x"], "ready": {"how": "notify"}, "watchdog": 30000}),
        ("{run: x, ready: notify}", {"command": ["x"], "ready": {"how": "notify"}}),
        ("{run: x, ready: {notify: true}}", {"command": ["x"], "ready": {"how": "notify"}}),
        ("{run: x, ready: {fd: 3}}", {"command": ["x"], "ready": {"how": "fd", "fd": 3}}),
        ("{run: x, ready: {pidfile: x.pid}}",
         {"command": ["x"], "ready": {"how": "pidfile", "path": "x.pid"}}),
        ("{run: x, ready: {check: 'curl -f localhost'}}",
         {"command": ["x"], "ready": {"how": "check"}, "check": ["curl", "-f", "localhost"]}),
        ("{run: x, reload: kill -HUP $MAINPID}", {"command": ["x"], "reload": {"signal": "HUP"}}),
        ("{run: x, reload: 'kill -s USR1 ${MAINPID}'}",
         {"command": ["x"], "reload": {"signal": "USR1"}}),
        ("{run: x, reload: {signal: SIGHUP}}", {"command": ["x"], "reload": {"signal": "HUP"}}),
        ("{run: x, reload: nginx -s reload}",
         {"command": ["x"], "reload": {"command": ["nginx", "-s", "reload"]}}),
        ("{run: x, reload: 'echo $MAINPID > p'}",
         {"command": ["x"], "reload": {"command": ["/bin/sh", "-c", "echo $MAINPID > p"]}}),
        ("{check: test -e x, make: touch x, undo: rm x, excl: disk, check_every: 1h}",
         {"kind": "resource", "check": ["test", "-e", "x"], "make": ["touch", "x"],
          "undo": ["rm", "x"], "excl": "disk", "check_every": 3_600_000}),
        ("{kind: resource, check: x}", {"kind": "resource", "check": ["x"]}),
        ("{run: x, cwd: sub, user: me, group: us, restart: never, restart_max: 3}",
         {"command": ["x"], "cwd": "sub", "user": "me", "group": "us", "restart": "never",
          "restart_max": 3}),
    ],
)  # fmt: skip
def test_a_spot_and_its_line(case: Case, spot: str, line: dict[str, Any]) -> None:
    assert case.line(spot, blueprint=None) == line


def test_patterns_fill_spots_of_many_nodes(case: Case) -> None:
    plan = case.load(
        'spots:\n  "web*.t.*": {run: "x {{ spot.address }} {{ spot.name }}"}\n'
        '  "group:web.edge": {run: "y {{ workers }} {{ color }}", needs: db}\n'
        "  web*.db: {run: z}\n"
    )
    assert list(plan.nodes) == ["web01", "web02", "web03"]
    web = plan.nodes["web02"]
    assert list(web.lines) == ["t.shop", "t.blog", "edge", "db"]
    assert json.loads(web.lines["t.blog"])["command"] == ["x", "web02.t.blog", "blog"]
    assert json.loads(web.lines["edge"])["command"] == ["y", "4", "blue"]
    assert web.lines["edge"] is plan.nodes["web01"].lines["edge"], "rendered once"
    assert web.where["edge"].line == 4


def test_the_nearest_variable_wins(case: Case) -> None:
    text = (
        "vars: {color: red, workers: 5}\n"
        "spots:\n  web01.edge: {run: '{{ color }} {{ workers }} {{ z }}', vars: {z: 1, color: x}}\n"
        "  web02.edge: {run: '{{ color }} {{ workers }} {{ z }}', vars: {z: 2}}\n"
    )
    lines = case.load(text, extra={"z": 9}).nodes
    assert json.loads(lines["web01"].lines["edge"])["command"] == ["x", "5", "9"]
    assert json.loads(lines["web02"].lines["edge"])["command"] == ["red", "5", "9"]


def test_variables_are_made_from_others_where_they_are_used(case: Case) -> None:
    text = (
        "vars:\n  url: 'http://{{ nodes.web01.host }}:{{ port }}'\n"
        "  all: ['{{ url }}/a', {deep: '{{ node.name }}'}]\n  never: '{{ undefined }}'\n"
        "spots:\n  web*.edge: {run: '{{ url }} {{ all[0] }} {{ all[1].deep }}', vars: {port: 80}}\n"
    )
    assert json.loads(case.load(text).nodes["web02"].lines["edge"])["command"] == [
        "http://10.0.1.1:80",
        "http://10.0.1.1:80/a",
        "web02",
    ]


def test_files_are_rendered_copied_or_written(case: Case) -> None:
    (case.folder / "t").mkdir()
    (case.folder / "t/conf.j2").write_text(
        "{% for g in groups.web %}\n{{ g }}\n{% endfor %}\nend\n"
    )
    (case.folder / "raw").write_bytes(b"\x00{{ raw }}")
    plan = case.load(
        "spots:\n  lap.a:\n    run: x\n    files:\n      etc/conf: t/conf.j2\n      raw: raw\n"
        "      inline: {content: 'a {{ color }}', mode: '600'}\n"
        "      copied.j2: {copy: t/conf.j2}\n      made: {template: t/conf.j2, mode: 755}\n"
    )
    line = json.loads(plan.nodes["lap"].lines["a"])
    bodies = {path: plan.blobs[sha].data for path, sha in plan.nodes["lap"].files["a"].items()}
    assert bodies["etc/conf"] == b"web01\nweb02\nweb03\nend\n"
    assert bodies["raw"] == b"\x00{{ raw }}"
    assert bodies["inline"] == b"a blue"
    assert bodies["copied.j2"] == (case.folder / "t/conf.j2").read_bytes()
    assert {path: entry["mode"] for path, entry in line["files"].items()} == {
        "etc/conf": 0o644,
        "raw": 0o644,
        "inline": 0o600,
        "copied.j2": 0o644,
        "made": 0o755,
    }
    assert line["files"]["inline"]["size"] == 6
    assert plan.names[line["files"]["etc/conf"]["sha256"]] == "etc/conf"


def test_spot_dir_is_where_the_node_puts_it(case: Case) -> None:
    plan = case.load("spots:\n  web01.t.shop: {run: 'x {{ spot.dir }}'}\n")
    (line,) = plan.nodes["web01"].lines.values()
    assert json.loads(line)["command"][1] == "/var/opt/pm/spots/t/spots/shop"


def test_a_node_without_facts_is_skipped(case: Case) -> None:
    text = "spots:\n  web*.edge: {run: 'x {{ facts.cores }}'}\n  lap.a: {run: 'x {{ spot.dir }}'}\n"
    facts: dict[str, dict[str, Any]] = {"web01": {"cores": 4}, "web02": {"cores": 4}}
    plan = case.load(text, facts=facts)
    assert list(plan.nodes) == ["web01", "web02"]
    assert plan.skipped == {
        "web03": "no facts yet: its templates ask for facts.cores",
        "lap": "no facts yet: its templates ask for spot.dir: pm's home on the node",
    }
    assert plan.nodes["web01"].lines["edge"] is plan.nodes["web02"].lines["edge"]
    facts |= {"lap": {"home": "/home/me/.local/state/pm"}, "web03": {"cores": 8}}
    plan = case.load(text, facts=facts)
    assert json.loads(plan.nodes["lap"].lines["a"])["command"][1] == (
        "/home/me/.local/state/pm/spots/a"
    )
    assert json.loads(plan.nodes["web03"].lines["edge"])["command"] == ["x", "8"]


SECRETS = """
secrets:
  db: {file: db.secret}
  api: {env: ENVE_TEST_API}
  made: {command: [printf, 's3cret-made']}
  unused: {env: NOT_THERE}
vars: {password: !secret db, dsn: 'pg://u:{{ password }}@h'}
spots:
  lap.a:
    run: x
    env: {A: !secret api, B: '{{ dsn }}', C: plain, D: {secret: {env: ENVE_TEST_API}}}
    files:
      {key: !secret made, conf: conf.j2, inline: {content: 'p={{ password }}'}, open: {content: c}}
  lap.b: {run: y}
"""


def test_secrets_are_known_where_they_go(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVE_TEST_API", "s3cret-api")
    (case.folder / "db.secret").write_text("s3cret-db\n")
    (case.folder / "conf.j2").write_text("dsn {{ dsn }}\n")
    plan = case.load(SECRETS)
    node = plan.nodes["lap"]
    assert json.loads(node.lines["a"])["env"] == {
        "A": "s3cret-api",
        "B": "pg://u:s3cret-db@h",
        "C": "plain",
        "D": "s3cret-api",
    }
    assert {"s3cret-api", "pg://u:s3cret-db@h", "s3cret-made", "s3cret-db"} <= node.secrets
    secret = {path: plan.blobs[sha].secret for path, sha in node.files["a"].items()}
    assert secret == {"key": True, "conf": True, "inline": True, "open": False}
    modes = {path: one["mode"] for path, one in json.loads(node.lines["a"])["files"].items()}
    assert modes == {"key": 0o600, "conf": 0o600, "inline": 0o600, "open": 0o644}


def test_a_secret_stays_one_by_way_of_an_include(case: Case) -> None:
    """Nobody knows beforehand what an included template looks at."""
    (case.folder / "db.secret").write_text("s3cret-db\n")
    (case.folder / "part.j2").write_text("{{ password|upper }}")
    (case.folder / "conf.j2").write_text("{% include 'part.j2' %}")
    plan = case.load(
        "secrets: {db: {file: db.secret}}\nvars: {password: !secret db, made: '{% include "
        '"part.j2" %}\'}\nspots:\n  lap.a:\n    run: x\n    env: {A: \'{% include "part.j2" %}\'}\n'
        "    files: {conf: conf.j2, open: {content: c}, made: {content: '{{ made }}'}}\n"
    )
    node = plan.nodes["lap"]
    assert "S3CRET-DB" in node.secrets
    secret = {path: plan.blobs[sha].secret for path, sha in node.files["a"].items()}
    assert secret == {"conf": True, "open": False, "made": True}
    modes = {path: one["mode"] for path, one in json.loads(node.lines["a"])["files"].items()}
    assert modes == {"conf": 0o600, "open": 0o644, "made": 0o600}


def test_a_pushed_folder_packs_the_same_everywhere(case: Case) -> None:
    spot = "spots:\n  lap.a: {run: ./bin/x, push: 'd-{{ color }}'}\n"
    digests = []
    (case.folder / "artifacts").mkdir()
    for name in ("0" * 64 + ".tar.gz", ".pack-cut-off"):  # of long ago
        (case.folder / "artifacts" / name).touch()
        os.utime(case.folder / "artifacts" / name, (1, 1))
    for moment, mask in ((1, 0o755), (10**9, 0o700)):
        folder = case.folder / "d-blue"
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        (folder / "bin/x").write_text("#!/bin/sh\n")
        (folder / "bin/x").chmod(mask)
        (folder / "b").write_text("b")
        if not (folder / "l").is_symlink():
            (folder / "l").symlink_to("bin/x")
        os.utime(folder / "b", (moment, moment))
        plan = case.load(spot)
        line = json.loads(plan.nodes["lap"].lines["a"])
        digests.append(line["product"]["sha256"])
        assert line["cwd"] == "product"
    blob = plan.blobs[digests[0]]
    assert digests[0] == digests[1]
    assert blob.path is not None
    assert blob.path.stat().st_size == blob.size == line["product"]["size"]
    assert plan.names[blob.sha256] == "d-blue"
    assert [path.name for path in (case.folder / "artifacts").iterdir()] == [blob.path.name]


def test_a_tar_is_pushed_as_it_is(case: Case) -> None:
    (case.folder / "x.tar.gz").write_bytes(b"\x1f\x8b whatever")
    plan = case.load("spots:\n  lap.a: {run: x, push: x.tar.gz, cwd: elsewhere}\n")
    (blob,) = plan.blobs.values()
    assert blob.path == case.folder / "x.tar.gz"
    assert json.loads(plan.nodes["lap"].lines["a"])["cwd"] == "elsewhere"


def test_the_head_of_a_plan(case: Case) -> None:
    file = case.folder / "p.yml"
    file.write_text("plan: p\nlane: db\ninventory: [../a, b.yml]\nexpires: 30d\nspots:\n")
    plan = open_plan(file)
    assert (plan.name, plan.lane) == ("p", "db")
    assert plan.inventory == (case.folder / "../a", case.folder / "b.yml")
    rendered = load_plan(plan, case.domain, None, artifacts=case.folder, now=1000)
    assert rendered.expires == 1000 + 30 * 86_400
    assert not rendered.nodes
    assert case.load("expires: 2027-06-01\n").expires == 1811808000
    assert case.load("spots: {}\n").expires == 0


def test_without_a_blueprint_spots_are_taken_at_their_word(case: Case) -> None:
    plan = case.load("spots:\n  web*.new.spot: {run: x}\n", blueprint=None)
    assert [list(node.lines) for node in plan.nodes.values()] == [["new.spot"]] * 3


def test_names_that_need_brackets(case: Case) -> None:
    plan = case.load("spots:\n  'lap.[lua-5.4!run@web]': {run: x}\n", blueprint=None)
    assert list(plan.nodes["lap"].lines) == ["[lua-5.4!run@web]"]


def test_a_thousand_nodes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "inventory.yml").write_text(
        "domain: x\nnodes:\n  n[0001:1000]: {host: '10.0.0.{{ index }}', user: root}\n"
    )
    (tmp_path / "blueprint.yml").write_text(
        "nodes: {all: {spots: {a: {user: u}, b: {user: u}, c: {user: u}}}}\n"
    )
    (tmp_path / "f.j2").write_text(
        "host {{ node.host }}\n{% for n in [1, 2] %}{{ n }}{% endfor %}\n"
    )
    (tmp_path / "plan.yml").write_text(
        "plan: p\nspots:\n"
        "  n*.a: {run: 'x {{ node.name }} {{ spot.dir }}', files: {f: f.j2}, needs: b}\n"
        "  n*.b: {run: 'x {{ spot.address }}', env: {A: '{{ node.host }}'}}\n"
        "  n*.c: {run: 'x {{ spot.dir }}'}\n"
    )
    domain = load_domain([tmp_path / "inventory.yml"])
    blueprint = load_blueprint(
        tmp_path / "blueprint.yml", domain, lambda _: PublicKey("A" * 40, b"")
    )
    started = time.process_time()
    plan = load_plan(tmp_path / "plan.yml", domain, blueprint, artifacts=tmp_path)
    with capsys.disabled():
        print(f"\n1,000 nodes x 3 spots rendered in {time.process_time() - started:.2f} s of CPU")
    assert sum(len(node.lines) for node in plan.nodes.values()) == 3000
    assert json.loads(plan.nodes["n0007"].lines["b"])["env"] == {"A": "10.0.0.7"}
    assert plan.nodes["n0007"].lines["c"] is plan.nodes["n0999"].lines["c"]
