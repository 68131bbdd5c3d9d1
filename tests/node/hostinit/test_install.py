"""The installer as a node runs it: out of the stream, by any Python, again after any cut."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from enve import bundle
from enve.app import installer
from enve.app.installer import Ordered
from enve.bundle import Bundle
from enve.model.site import Connection, Node

pytestmark = pytest.mark.real
FPR = "A" * 40


def pythons() -> list[str]:
    """Every Python from 3.8 on that this machine has."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [sys.executable, "/usr/bin/python3", *map(str, versions.glob("3.*/bin/python3"))]
    return [p for p in found if Path(p).exists() and version(p) >= (3, 8)]


def version(python: str) -> tuple[int, int]:
    program = "import sys; print(*sys.version_info[:2])"
    done = subprocess.run([python, "-c", program], capture_output=True, check=True)
    major, minor = done.stdout.split()
    return int(major), int(minor)


@pytest.fixture(scope="module")
def program() -> Bundle:
    return bundle.program()


@pytest.fixture
def order(tmp_path: Path) -> Ordered:
    return Ordered(
        action="install",
        node=Node("n1", Connection(), install="user", register="none"),
        home=f"{tmp_path}/state/pm",
        pipe=f"{tmp_path}/state/pm/run/default.pipe",
        python=sys.executable,
        push=True,
        now=1_800_000_000,
        start=False,
        floors={"main": 7},
        blueprint=b'{"domain":"d","epoch":1,"keyholes":[],"node":"n","spots":{},"v":1}',
        keys={FPR: b"ring of A"},
    )


def carry_out(order: Ordered, program: Bundle, *, cut: int | None = None) -> dict[str, Any]:
    done = subprocess.run(
        [order.python, "-I", "-S", "-c", installer.BOOT],
        input=installer.message(order, program)[:cut],
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.stdout, done.stderr.decode()
    answer: dict[str, Any] = json.loads(done.stdout)
    assert (done.returncode == 0) is (answer["problem"] is None), done.stderr.decode()
    return answer


@pytest.mark.parametrize("python", pythons())
def test_any_python_installs_and_then_finds_nothing_to_do(
    python: str, order: Ordered, program: Bundle
) -> None:
    order = replace(order, python=python)
    first = carry_out(order, program)
    assert first["problem"] is None
    assert {"folders", "blueprint", f"key {FPR}", "floors", "writer", "launcher"} <= set(
        first["did"]
    )
    assert carry_out(order, program)["did"] == []
    home = Path(order.home)
    said = subprocess.run(
        [str(home / "pm"), "version"], capture_output=True, timeout=60, check=True
    )
    assert said.stdout
    words = [str(home / "pm"), "host", "install", "--kind", "launchd", "--stdout"]
    said = subprocess.run(words, capture_output=True, timeout=60, check=True)
    assert b"RunAtLoad" in said.stdout
    assert list((home / "lib" / program.hash).rglob("*.pyc"))


def test_what_is_laid_down_and_with_which_modes(order: Ordered, program: Bundle) -> None:
    carry_out(order, program)
    home = Path(order.home)
    for folder, _, names in os.walk(home):
        if not folder.startswith(str(home / "lib" / program.hash)):
            assert stat.S_IMODE(Path(folder).stat().st_mode) == 0o700, folder
            for name in names:
                mode = stat.S_IMODE((Path(folder) / name).lstat().st_mode)
                assert mode & 0o077 == 0, name
    assert (home / "trust/blueprint.json").read_bytes() == order.blueprint
    assert (home / f"trust/keys/{FPR}.gpg").read_bytes() == b"ring of A"
    floors = json.loads((home / "trust/floors.json").read_text())
    assert floors == {"v": 1, "floors": {"main": 7}}
    clock = json.loads((home / "trust/clock.json").read_text())
    assert clock == {"v": 1, "deployed": order.now, "floor": order.now}
    deployed = json.loads((home / "lib/deployed.json").read_text())
    assert deployed["program"] == program.hash
    sums = subprocess.run(["sha256sum", "-c", str(home / "lib/installed")], check=False)
    assert sums.returncode == 0


def test_keys_that_are_gone_are_removed_and_others_replaced(
    order: Ordered, program: Bundle
) -> None:
    carry_out(order, program)
    other = "B" * 40
    done = carry_out(replace(order, keys={other: b"ring of B"}, push=False), program)
    assert f"key {FPR}.gpg removed" in done["did"]
    assert [p.name for p in (Path(order.home) / "trust/keys").iterdir()] == [f"{other}.gpg"]


def test_time_goes_on_and_only_falls_when_asked(order: Ordered, program: Bundle) -> None:
    def floor() -> int:
        return int(json.loads((Path(order.home) / "trust/clock.json").read_text())["floor"])

    carry_out(order, program)
    earlier = replace(order, now=order.now - 5000, push=False)
    carry_out(earlier, program)
    assert floor() == order.now
    carry_out(replace(earlier, reset_time=True), program)
    assert floor() == order.now - 5000


def test_floors_are_for_lanes_that_hold_nothing_or_are_left_far_behind(
    order: Ordered, program: Bundle
) -> None:
    trust = Path(order.home) / "trust"
    order = replace(order, floors={})
    carry_out(order, program)
    (trust / "state.json").write_text('{"v":1,"lanes":{"main":{"serial":5}},"floors":{}}')

    def told(floors: dict[str, int]) -> dict[str, int]:
        done = carry_out(replace(order, floors=floors, push=False), program)
        if "floors" not in done["did"]:
            return {}
        return dict(json.loads((trust / "floors.json").read_text())["floors"])

    assert told({"main": 99}) == {}
    assert told({"main": 99, "db": 3}) == {"db": 3}
    assert told({"main": 99, "db": 4}) == {}
    assert told({"main": 65_541, "db": 3}) == {"main": 65_541, "db": 3}
    assert told({"main": 5, "db": 1}) == {}


def test_an_install_that_was_cut_off_is_done_again(order: Ordered, program: Bundle) -> None:
    """Leftovers of every kind are in the way of nothing."""
    carry_out(order, program)
    lib = Path(order.home) / "lib"
    (lib / "deployed.json").unlink()
    (lib / f".{program.hash}.new").mkdir()
    (lib / f".{program.hash}.new/half").write_text("x")
    (lib / ".python.new").write_text("x")
    shutil.rmtree(lib / program.hash)
    done = carry_out(order, program)
    assert done["problem"] is None
    names = {path.name for path in lib.iterdir()}
    assert names == {program.hash, "deploy.lock", "deployed.json", "installed", "python"}


@pytest.mark.parametrize("part", [0.2, 0.6, 0.95, 0.999])
def test_a_stream_that_is_cut_off_changes_nothing(
    part: float, order: Ordered, program: Bundle
) -> None:
    whole = installer.message(order, program)
    done = subprocess.run(
        [order.python, "-I", "-S", "-c", installer.BOOT],
        input=whole[: int(len(whole) * part)],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert not Path(order.home).exists()


def test_a_program_that_is_not_what_it_says_is_refused(order: Ordered, program: Bundle) -> None:
    done = carry_out(order, Bundle(program.data, "0" * 16))
    assert "damaged" in done["problem"]["message"]
    assert not (Path(order.home) / "lib/deployed.json").exists()


@pytest.mark.parametrize("place", ["", "trust", "run", "lib"])
def test_a_link_in_the_place_of_a_folder_is_refused(
    place: str, order: Ordered, program: Bundle, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    target = Path(order.home) / place
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(tmp_path / "elsewhere")
    done = carry_out(order, program)
    assert "is no folder" in done["problem"]["message"]
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_system_install_needs_root(order: Ordered, program: Bundle) -> None:
    if os.geteuid() == 0:
        setpriv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    else:
        setpriv = []
    order = replace(order, node=replace(order.node, install="system"), home="/tmp/none/pm")
    done = subprocess.run(
        [*setpriv, "/usr/bin/python3", "-I", "-S", "-c", installer.BOOT],
        input=installer.message(order, program),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert "needs root" in json.loads(done.stdout)["problem"]["message"]


def test_remove_takes_all_of_it_and_nothing_else(order: Ordered, program: Bundle) -> None:
    carry_out(order, program)
    home = Path(order.home)
    (home.parent / "neighbour").write_text("stays")
    removal = replace(order, action="remove", blueprint=b"", keys={})
    done = carry_out(removal, program)
    assert str(home) in done["did"]
    assert [path.name for path in home.parent.iterdir()] == ["neighbour"]
    assert carry_out(removal, program) == {"v": 1, "did": [], "warnings": [], "problem": None}


def test_a_folder_that_is_no_home_of_pm_is_not_removed(order: Ordered, program: Bundle) -> None:
    home = Path(order.home)
    home.mkdir(parents=True)
    (home / "photos").write_text("dear")
    done = carry_out(replace(order, action="remove", blueprint=b"", keys={}), program)
    assert "no home of pm" in done["problem"]["message"]
    assert (home / "photos").exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "small", str(place)],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("this needs the right to mount")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.host
def test_a_full_disk_is_told_and_mended_by_room(
    order: Ordered, program: Bundle, small_disk: Path
) -> None:
    order = replace(order, home=f"{small_disk}/pm", pipe=f"{small_disk}/pm/run/default.pipe")
    done = carry_out(order, program)
    assert "No space left" in done["problem"]["message"]
    assert not (small_disk / "pm/lib/deployed.json").exists()
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert carry_out(order, program)["problem"] is None


@pytest.mark.parametrize("what", ["home", "pipe"])
def test_a_folder_that_serves_something_else_keeps_its_mode(
    what: str, order: Ordered, program: Bundle, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    (shared / "somebody's").write_text("x")
    place = {"home": str(shared), "pipe": f"{shared}/x.pipe"}[what]
    done = carry_out(replace(order, **{what: place}), program)  # type: ignore[arg-type]
    assert "in use for something else" in done["problem"]["message"]
    assert stat.S_IMODE(shared.stat().st_mode) == 0o777


@pytest.mark.host
def test_what_is_mounted_in_a_home_is_not_removed_with_it(
    order: Ordered, program: Bundle, small_disk: Path
) -> None:
    (small_disk / "precious").write_text("x")
    assert carry_out(order, program)["problem"] is None
    seen = Path(order.home) / "spots/web/data"
    seen.mkdir(parents=True)
    removal = replace(order, action="remove", blueprint=b"", keys={})
    subprocess.run(["mount", "--bind", str(small_disk), str(seen)], check=True)
    try:
        done = carry_out(removal, program)
        assert f"{seen} is mounted in {order.home}" in done["problem"]["message"]
        assert "umount" in done["problem"]["hint"]
    finally:
        subprocess.run(["umount", str(seen)], check=True)
    assert (small_disk / "precious").exists()
    assert carry_out(removal, program)["problem"] is None
