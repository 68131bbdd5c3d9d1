"""What other users keep of root's."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fire.store.conftest import AS_DAEMON, Verb

from enve_fire.store import guests
from enve_fire.store.collect import Collector
from enve_fire.store.entry import Entry
from enve_fire.store.store import Store
from enve_fire.store.wanted import Wanted
from enve_pm.core.canonical import dumps, loads

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(os.geteuid() != 0, reason="root's are meant"),
]


@pytest.fixture
def store() -> Iterator[Store]:
    """One of all, as an administrator makes it."""
    with tempfile.TemporaryDirectory(prefix="store-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "store").mkdir()
        (folder / "store").chmod(0o1777)
        yield Store.of({"ENVE_STORE": str(folder / "store")})


def _fill(out: str) -> None:
    Path(out, "x").write_text("x")


def old(store: Store, text: str, *deps: str) -> Entry:
    """Of root's, and of no use for long."""
    made = store.make(Wanted(text, text, deps=deps), _fill)
    path = Path(made.beside("json"))
    path.write_bytes(dumps({**loads(path.read_bytes()), "made": 1}) + b"\n")
    os.utime(Path(made.shelf, ".used", made.name), (1, 1))
    return made


def doomed(store: Store) -> set[str]:
    return {item.meta["title"] for item in Collector(store).doomed(0, None)}


def his(store: Store, line: str) -> None:
    done = subprocess.run([*AS_DAEMON, "sh", "-ec", line], cwd=store.first, check=False)
    assert done.returncode == 0


def test_a_root_of_somebody_keeps_it_as_long_as_he_needs_it(
    store: Store, verb: Verb, tmp_path: Path
) -> None:
    inner = old(store, "inner")
    outer = old(store, "outer", inner.name)
    old(store, "alone")
    assert doomed(store) == {"inner", "outer", "alone"}
    his(store, "mkdir here")
    here = f"{store.first}/here"
    assert verb("keep", outer.name, "--as", "mine", "--while", here, who=AS_DAEMON).returncode == 0
    assert doomed(store) == {"alone"}
    why = verb("gc", "--why", "inner").stdout
    assert f"root daemon: mine: {outer.name} -> {inner.name}" in why
    assert "daemon: mine" in verb("gc", "--roots").stdout
    his(store, "rmdir here")
    assert doomed(store) == {"inner", "outer", "alone"}


def test_what_his_own_entry_needs_is_kept_by_a_root_of_that(store: Store, verb: Verb) -> None:
    lib = old(store, "lib")
    words = ("get", "--text", "app", "--title", "app", "--deps", lib.name, "--", "touch $OUT/x")
    assert verb(*words, who=AS_DAEMON).returncode == 0
    assert doomed(store) == {"lib"}
    assert verb("keep", "app", "--as", "service", who=AS_DAEMON).returncode == 0
    assert doomed(store) == set()


@pytest.mark.parametrize(
    "line",
    [
        "ln -s {roots} daemon-any/.roots",  # root's own, which would be read as his
        "mkdir daemon-any/.roots; ln -s {root} daemon-any/.roots/r",
        "mkdir daemon-any/.roots; mkfifo daemon-any/.roots/r",
        "mkdir daemon-any/.roots; mkdir daemon-any/.roots/r",
        "mkdir -m 0777 daemon-any/.roots; printf 'x\\n/\\000' > daemon-any/.roots/r",
        "mkdir daemon-any/.roots; head -c 3000000 /dev/zero > daemon-any/.roots/r",
        "mkdir daemon-any/.roots; chmod 0777 daemon-any; echo {name} > daemon-any/.roots/r",
    ],
)
def test_what_he_plants_keeps_nothing_and_stops_nobody(
    store: Store, line: str, tmp_path: Path
) -> None:
    made = old(store, "x")
    root = tmp_path / "roots"
    root.mkdir()
    (root / "r").write_text(made.name + "\n")
    his(store, "mkdir daemon-any")
    his(store, line.format(roots=root, root=root / "r", name=made.name))
    assert doomed(store) == {"x"}


def test_names_are_shown_without_what_moves_a_terminal(store: Store) -> None:
    made = old(store, "x")
    his(store, f"mkdir -p daemon-any/.roots; echo {made.name} > daemon-any/.roots/'\x1b[2Jr'")
    assert doomed(store) == set()
    assert [root.name for root in Collector(store).roots] == ["daemon: '\\x1b[2Jr'"]


def test_there_is_an_end_to_what_is_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guests, "FILES", 3)
    made = old(store, "x")
    his(store, "mkdir -p daemon-any/.roots; for n in 1 2 3 4; do echo > daemon-any/.roots/$n; done")
    his(store, f"echo {made.name} > daemon-any/.roots/5; rm -f daemon-any/.roots/[12]")
    assert doomed(store) == set()
    his(store, "for n in 6 7 8 9; do cp daemon-any/.roots/5 daemon-any/.roots/$n; done")
    assert doomed(store) == set(), "some of them keep it"
    assert len(Collector(store).roots) <= 3
