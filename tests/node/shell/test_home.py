from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve_pm.core.canonical import dumps, loads
from enve_pm.core.filename import quote, unquote
from enve_pm.shell.events.system import System
from enve_pm.shell.process import jobfiles
from enve_pm.shell.process.job import CLIENT, KEEP
from enve_pm.shell.state.claim import SPARE
from enve_pm.shell.state.home import Home
from enve_pm.shell.state.pending import LASTING
from enve_pm.shell.state.status import Row, Status


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(str(tmp_path / "pm"), System())
    made.make()
    return made


def names_in(folder: str) -> list[str]:
    return [path.name for path in Path(folder).iterdir()]


def mode(path: str) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode)


def test_a_users_home_is_private(home: Home) -> None:
    old = os.umask(0)
    try:
        home.make()
    finally:
        os.umask(old)
    folders = [home.path, *(str(p) for p in Path(home.path).rglob("*") if p.is_dir())]
    assert {mode(folder) for folder in folders} == {0o700}


def test_modes_that_somebody_widened_are_put_right(home: Home) -> None:
    Path(home.path + "/units").chmod(0o777)
    home.make()
    assert mode(home.path + "/units") == 0o700


def test_units_come_back_as_they_were_kept(home: Home) -> None:
    home.define("web", '{"a":1}')
    home.define("a/b", '{"b":2}')
    home.override("a/b", '{"b":1}')
    home.override("a/b", '{"b":3}')
    home.state("web", "RUNNING")
    home.keep_wants({"web": "up manual by ann"}, ["web"])
    assert home.pending.flush()
    rows = [("a/b", '{"b":3}', '{"b":2}'), ("web", '{"a":1}', "")]
    assert [tuple(kept) for kept in home.units()] == rows
    assert home.wants() == {"web": "up manual by ann"}
    assert Path(home.unit("web") + "/state").read_bytes() == b"RUNNING\n"
    assert Path(home.unit("web") + "/want").read_bytes() == b"up manual by ann\n"
    home.forget("web")
    home.define("a/b", '{"b":4}')
    assert home.pending.flush()
    assert [tuple(kept) for kept in home.units()] == [("a/b", '{"b":4}', "")]


def test_jobs_are_pruned_and_open_ones_are_found_again(home: Home) -> None:
    jobs = [home.jobs.new() for _ in range(KEEP + 3)]
    for job in jobs:
        home.jobs.begin(job, "web", b'{"unit":"web"}')
        home.jobs.pid(job, 7, 99)
    home.jobs.end(jobs[-1], -9)
    assert sorted(names_in(home.path + "/jobs")) == sorted(jobs[3:])
    again = Home(home.path, System())
    found = {row.job: (row.pid, row.start) for row in again.jobs.earlier()}
    assert found == dict.fromkeys(jobs[3:-1], (7, 99))
    assert not {again.jobs.new() for _ in range(20)} & set(jobs)
    again.jobs.begin(again.jobs.new(), "web", b'{"unit":"web"}')
    assert len(names_in(home.path + "/jobs")) == KEEP


class SetBack(System):
    """Its wall clock stands where it is put."""

    at = 2_000_000_000_000

    def wall(self) -> int:
        return self.at


def test_the_newest_job_is_told_by_its_id_and_by_no_clock(tmp_path: Path) -> None:
    system, jobs = SetBack(), []
    for at in (2_000_000_000_000, 1_000_000_000_000, 5_000):
        system.at = at
        home = Home(str(tmp_path), system)
        home.make()
        assert {row.job for row in home.jobs.earlier()} == set(jobs)
        for _ in range(12):
            jobs.append(home.jobs.new())
            parameter = b'{"command":[],"run":1,"step":"start","unit":"web","wall":%d}' % at
            home.jobs.begin(jobs[-1], "web", parameter)
        jobs = jobs[-KEEP:]
        home.jobs.begin(f"cf{at:x}-1-0", CLIENT, b"{}")
        newest = jobfiles.newest(str(tmp_path / "jobs"), "web")
        assert newest is not None and newest["job"] == jobs[-1]
        assert {name for name in names_in(home.path + "/jobs") if name[0] != "c"} == set(jobs)
        for job in names_in(home.path + "/jobs"):
            if job not in jobs:
                home.jobs.end(job, 0)


def test_a_torn_pid_file_still_names_an_open_job(home: Home) -> None:
    job = home.jobs.new()
    home.jobs.begin(job, "web", b'{"unit":"web"}')
    Path(home.path, "jobs", job, "pid").write_bytes(b"12")
    assert [(row.job, row.pid) for row in home.jobs.earlier()] == [(job, 0)]


def test_a_disk_that_takes_nothing_is_tried_again(home: Home) -> None:
    units = Path(home.path, "units")
    units.rmdir()
    units.write_bytes(b"")  # in the way, also for root
    home.state("web", "RUNNING")
    home.override("web", "{}")
    assert not home.pending.flush()
    assert "units/web" in home.pending.error
    home.state("web", "STOPPED")
    units.unlink()
    assert home.pending.flush()
    assert Path(home.unit("web") + "/state").read_bytes() == b"STOPPED\n"
    assert not home.pending


def test_a_failed_replace_leaves_the_old_file(home: Home) -> None:
    system = System()
    path = home.path + "/file"
    system.replace(path, b"old", 0o640)
    Path(path + ".new").mkdir()
    with pytest.raises(OSError):
        system.replace(path, b"new", 0o640)
    assert Path(path).read_bytes() == b"old"
    assert Path(path).stat().st_mode & 0o7777 == 0o1640  # what it says is not so any more
    Path(path + ".new").rmdir()
    assert home.pending.now(path, b"new", LASTING, 0o644)
    assert Path(path).read_bytes() == b"new"
    assert Path(path).stat().st_mode & 0o7777 == 0o644


names = st.text(min_size=1, max_size=12).filter(lambda name: name.isprintable())


rows = st.builds(
    Row,
    st.text(max_size=5).filter(lambda text: text.isprintable()),
    st.booleans(),
    st.just("process"),
    st.integers(0, 2**22),
    st.integers(0, 99),
    st.text(alphabet='a"\\\n\x00\x1f\x7fé', max_size=5),
    st.integers(0, 2**45),
    st.sampled_from(["", "reload"]),
    st.sampled_from(["RUNNING", "FAIL"]),
    st.sampled_from(["", 'lua-"2!build@web']),
    st.sampled_from(["up", "down"]),
    st.just("manual by ann"),
)


@given(st.dictionaries(names, rows))
def test_status_is_the_canonical_json_of_the_whole(units: dict[str, Row]) -> None:
    head = {"pid": 5, "start": 6, "boot": "b", "version": "1", "hash": "h"}
    status = Status(head)
    for name, row in units.items():
        status.set(name, row._replace(pid=1))
        status.set(name, row)
    shown = {name: row._asdict() for name, row in units.items()}
    for row in shown.values():
        if not row["waits_for"]:
            del row["waits_for"]
    whole = {**head, "v": 1, "wall": 77, "units": shown}
    assert status.render(77) == dumps(whole) + SPARE + b"\n"
    assert loads(status.render(77)) == whole
    for name in units:
        status.drop(name)
    assert loads(status.render(78))["units"] == {}


@given(names)
def test_a_file_name_goes_back_to_its_name(name: str) -> None:
    file = quote(name)
    assert "/" not in file and not file.startswith(".")
    assert unquote(file) == name


@pytest.mark.parametrize("file", ["%zz", "a%2f", "a b", "%41", ".x", "%"])
def test_other_file_names_are_refused(file: str) -> None:
    with pytest.raises(ValueError):
        unquote(file)
