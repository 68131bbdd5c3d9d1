"""What a build sees of the store: what it needs, and nothing else that its user has there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.workbench import Workbench, room, table

from enve_fire.stage.walls import sandbox
from enve_fire.store.needs import closure
from enve_fire.store.store import Store

LAID = {"path": "/opt/db/etc/password", "mode": 0o600, "secret": True, "content": "hunter2\n"}


@pytest.fixture(params=[sandbox.BWRAP, sandbox.USERNS])
def kind(request):
    why = sandbox.probe(sandbox.Sandbox(request.param))
    if why:
        pytest.skip(f"{request.param}: {why}")
    return request.param


@pytest.fixture
def bench():
    with room() as folder:
        yield Workbench(folder)


def test_what_is_set_up_of_another_product_is_not_seen(bench, kind):
    """A stranger's build could give it away in what it makes."""
    db = bench.profile(table("db", setup={"files": [LAID]}), "db.json")
    laid = Path(bench.good("setup", "-f", db, f"file://{bench.source('db')}")) / "etc/password"
    lib = {"url": f"file://{bench.source('lib')}", "table": table("lib", run={"cmd": ["x"]})}
    tool = table("tool", run={"cmd": ["x"]}, deps={"run": [lib]})
    needed = {"url": f"file://{bench.source('tool')}", "table": tool}
    shelf = laid.parents[4]
    lines = (f"ls {shelf} {shelf}/*/opt >$OUT/seen", f"! cat {laid} 2>$OUT/why")
    made = bench.good(
        "build",
        "-f",
        bench.profile(
            table(deps={"build": [needed]}, build={"run": [*lines], "sandbox": kind}),
        ),
        f"file://{bench.source()}",
    )
    assert laid.read_text() == "hunter2\n"
    assert shelf.name.endswith("-install")
    seen = set(Path(made, "seen").read_text().split())
    assert {"lib", "tool"} <= seen, "what it needs, and what that needs"
    assert not {one for one in seen if one.endswith("db") or one.startswith(".")}


def test_a_meta_leads_to_entries_alone(tmp_path):
    shelf = tmp_path / "store" / "any"
    name, other = "a" * 32 + "-x", "b" * 32 + "-y"
    for one in (name, other):
        (shelf / one).mkdir(parents=True)
    (shelf / ".meta").mkdir()
    said = [other, "../../outside", "c" * 32 + "-gone", ".."]
    (shelf / ".meta" / f"{name}.json").write_text(json.dumps({"deps": said}))
    for one in (tmp_path / "store", shelf, shelf / ".meta", *shelf.iterdir()):
        one.chmod(0o755)
    store = Store.of({"ENVE_STORE": str(tmp_path / "store")})
    assert set(closure(store, [str(shelf / name)])) == {str(shelf / name), str(shelf / other)}
