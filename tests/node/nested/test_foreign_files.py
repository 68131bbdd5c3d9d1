"""A sub-pm's files are a stranger's: links, pipes and giants are refused, nothing waits."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from enve_pm.shell.product import feed
from enve_pm.shell.state import nested
from enve_pm.shell.state.foreign import Folder, Foreign
from enve_pm.wire.nested import ALL

UID = os.geteuid()


def symlink(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def fifo(path: Path) -> None:
    os.mkfifo(path)


def hard_link(path: Path) -> None:
    path.with_name("other").write_text("{}")
    os.link(path.with_name("other"), path)


def giant(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10**12)


def folder(path: Path) -> None:
    path.mkdir()


BAD: list[Callable[[Path], None]] = [symlink, fifo, hard_link, giant, folder]


@pytest.mark.parametrize("make", BAD)
def test_bad_file(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "status.json")
    with Folder(str(tmp_path), UID) as open_folder, pytest.raises((Foreign, OSError)):
        open_folder.read("status.json", 1000)


def test_good_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"12345")
    with Folder(str(tmp_path), UID) as open_folder:
        assert open_folder.read("x", 5) == b"12345"
        with pytest.raises(Foreign, match="larger than 4"):
            open_folder.read("x", 4)


def test_wrong_owner(tmp_path: Path) -> None:
    with pytest.raises(Foreign, match="does not belong"):
        Folder(str(tmp_path), UID + 1)


def test_folder_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with Folder(str(tmp_path), UID) as open_folder, pytest.raises(OSError, match="link"):
        open_folder.folder("link")


@pytest.mark.parametrize("make", BAD)
@pytest.mark.parametrize("name", ["public/status.json", "public/sub/pm.json", "public"])
def test_a_report_never_raises(tmp_path: Path, make: Callable[[Path], None], name: str) -> None:
    (tmp_path / "public" / "sub").mkdir(parents=True)
    (tmp_path / "public" / "status.json").write_text(json.dumps({"v": 1, "units": {}}))
    target = tmp_path / name
    if target.is_dir():
        target.rename(tmp_path / "aside")
    else:
        target.unlink(missing_ok=True)
    make(target)
    report = nested.read(str(tmp_path), UID)
    assert report.sub == {}


def test_one_that_shows_far_too_much_hides_no_other(tmp_path: Path) -> None:
    subs = tmp_path / "public" / "sub"
    subs.mkdir(parents=True)
    (tmp_path / "public" / "status.json").write_text(json.dumps({"v": 1, "units": {}}))
    units = {f"u{number}": {"state": "RUNNING"} for number in range(2 * ALL)}
    far = {"v": 1, "status": {"v": 1, "units": units}}
    (subs / "a.json").write_text(json.dumps(far) + " " * nested.TOTAL)
    (subs / "b.json").write_text(json.dumps(far))
    (subs / "z.json").write_text(json.dumps({"v": 1, "status": {"v": 1, "units": {}}}))
    report = nested.read(str(tmp_path), UID)
    assert list(report.sub) == ["b", "z"]
    assert len(report.sub["b"]["status"]["units"]) == ALL


@pytest.mark.parametrize("data", [b"", b"[" * 100_000, b"\xff", b'{"v":1', b"1" * 5000, b"null"])
def test_no_json(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "status.json").write_bytes(data)
    assert nested.read(str(tmp_path), UID).status is None


def test_a_number_of_many_digits_costs_nothing(tmp_path: Path) -> None:
    limit = getattr(sys, "get_int_max_str_digits", int)()
    if limit:
        sys.set_int_max_str_digits(0)  # as older Pythons have it
    (tmp_path / "public").mkdir()
    shown = '{"v":1,"units":{"a":{"state":"FAIL","pid":%s}},"wall":7}' % ("9" * 400_000)
    (tmp_path / "public" / "status.json").write_text(shown)
    began = time.process_time()
    try:
        status = nested.read(str(tmp_path), UID).status
    finally:
        if limit:
            sys.set_int_max_str_digits(limit)
    assert time.process_time() - began < 1
    assert status is not None
    assert (status["units"]["a"]["pid"], status["wall"]) == (0, 7)


@pytest.mark.parametrize(
    ("data", "answer"),
    [(b"0\n", (0, "fine")), (b"5\n", (5, "fine")), (b"5", None), (b"x\n", None), (b"", None)],
)
def test_answers(tmp_path: Path, data: bytes, answer: object) -> None:
    (tmp_path / "jobs" / "j1").mkdir(parents=True)
    (tmp_path / "jobs" / "j1" / "retcode").write_bytes(data)
    (tmp_path / "jobs" / "j1" / "message").write_text("fine\n")
    assert nested.answer(str(tmp_path), UID, "j1") == answer


def test_definitions(tmp_path: Path) -> None:
    name, data = feed.encode({"web": '{"v":1}'})
    feed.write(str(tmp_path), name, data, os.geteuid())
    assert feed.read(str(tmp_path), name) == {"web": '{"v":1}'}
    again, more = feed.encode({})
    feed.write(str(tmp_path), again, more, os.geteuid())
    assert [path.name for path in tmp_path.iterdir()] == [again + feed.SUFFIX]


@pytest.mark.parametrize("name", ["", "../x", "A" * 64, "0" * 64, "0" * 63])
def test_definitions_that_are_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(feed.NotFed):
        feed.read(str(tmp_path), name)


@pytest.mark.parametrize("change", [b" ", b"\n", b"x"])
def test_tampered_definitions(tmp_path: Path, change: bytes) -> None:
    name, data = feed.encode({"web": "1"})
    (tmp_path / (name + feed.SUFFIX)).write_bytes(data + change)
    with pytest.raises(feed.NotFed, match="hash"):
        feed.read(str(tmp_path), name)


@pytest.mark.parametrize("data", [b"[]", b"{}", b'{"lines":[],"v":1}', b'{"lines":{"a":1},"v":1}'])
def test_definitions_of_a_wrong_shape(tmp_path: Path, data: bytes) -> None:
    from hashlib import sha256

    name = sha256(data).hexdigest()
    (tmp_path / (name + feed.SUFFIX)).write_bytes(data)
    with pytest.raises(feed.NotFed, match="no mapping"):
        feed.read(str(tmp_path), name)
