"""A build: what its commands find, what becomes of what they leave, and what its failures leave."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from tests.support.workbench import Workbench, table


def build(bench: Workbench, source: Path, **sections: object) -> Path:
    return Path(bench.good("build", "-f", bench.profile(table(**sections)), source))


def commands(*lines: str, **more: object) -> dict[str, object]:
    return {"run": [*lines], **more}


SPECIAL = commands(
    "mkdir -p $OUT/a/b; echo 1 >$OUT/a/f",
    "for one in s t g; do cp $OUT/a/f $OUT/a/$one; done",
    "chmod 4755 $OUT/a/s $OUT/a/t; chmod 2755 $OUT/a/g",
)


def test_a_program_in_c_is_built_and_runs(bench):
    if not shutil.which("cc"):
        pytest.skip("there is no C compiler")
    source = bench.source(main__c='#include <stdio.h>\nint main() { puts("from C"); }\n')
    found = table(build=commands("cc -o x main.c", "install -D x $OUT$PREFIX/bin/greet"))
    assert bench.good("-f", bench.profile(found), source) == "from C"
    assert {one.name for one in source.iterdir()} == {"greet", "main.c"}


def test_files_are_closed_folders_are_not(bench):
    made = build(bench, bench.source(), build=SPECIAL, install={"setuid": ["/a/s"]})
    modes = {name: (made / "a" / name).stat().st_mode & 0o7777 for name in "bfst"}
    assert modes == {"b": 0o755, "f": 0o444, "s": 0o4555, "t": 0o555}


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone gives files away")
def test_what_a_build_gives_away_is_roots_again(bench):
    """As many a `make install` does. Who got it could change what all believe to be root's."""
    lines = ("mkdir -p $OUT/a/b; echo 1 >$OUT/a/b/f; ln -s f $OUT/a/b/l; cp $OUT/a/b/f $OUT/a/s",)
    given = ("chown -R 1:2 $OUT; chown -h 1:2 $OUT/a/b/l; chmod 6755 $OUT/a/b/f",)
    found = {"build": commands(*lines, *given), "install": {"setuid": ["/a/s"]}}
    made = build(bench, bench.source(), **found)
    states = [path.lstat() for path in (made, *made.rglob("*"))]
    assert {(state.st_uid, state.st_gid) for state in states} == {(0, os.getegid())}
    assert [(made / one).stat().st_mode & 0o7777 for one in ("a/s", "a/b/f")] == [0o4444, 0o555]
    found["install"] = {"setuid": ["/a/s", "/a/b/f"]}  # it would be setuid as root, not as he
    done = bench.fire("build", "-f", bench.profile(table(**found)), bench.path / "greet")
    assert done.returncode == 82
    assert "f: setuid or setgid of uid 1, gid 2, which no install keeps" in done.stderr


def test_what_may_be_setuid_is_an_input_of_the_build(bench):
    """Else the artifact would depend on who asked for it first."""
    source = bench.source()
    plain = build(bench, source, build=SPECIAL, prefix="/a")
    listed = build(bench, source, build=SPECIAL, prefix="/a", install={"setuid": ["g"]})
    modes = [(made / "a" / "g").stat().st_mode & 0o7777 for made in (plain, listed)]
    assert modes == [0o555, 0o2555]


def test_the_log_and_the_walls_are_known_afterwards(bench):
    made = build(bench, bench.source(), build=commands("echo so; echo 1 >$OUT/x"))
    meta = made.parent / ".meta"
    assert (meta / f"{made.name}.log").read_text() == "+ echo so; echo 1 >$OUT/x\nso\n"
    assert json.loads((meta / f"{made.name}.json").read_text())["note"]["sandbox"]


@pytest.mark.parametrize("copy", [True, False])
def test_the_source_is_not_written_to(bench, copy):
    source = bench.source()
    lines = ("echo >>$SRC/greet || touch $OUT/refused", "pwd >$OUT/pwd; echo $SRC >$OUT/src")
    made = build(bench, source, build=commands(*lines, copy=copy))
    assert (source / "greet").read_text().startswith("#!/bin/sh\necho")
    src, pwd = ((made / name).read_text().strip() for name in ("src", "pwd"))
    assert (src == str(source), src == pwd) == (not copy, copy)
    walls = json.loads((made.parent / ".meta" / f"{made.name}.json").read_text())["note"]["sandbox"]
    assert (made / "refused").exists() == (not copy and walls != "none")


def test_source_date_epoch_is_the_newest_files_or_the_commits(bench):
    line = commands("echo $SOURCE_DATE_EPOCH >$OUT/epoch")
    source = bench.repository()
    os.utime(source / "greet", (1600000000, 1600000000))
    assert (build(bench, source, build=line) / "epoch").read_text() == "1600000000\n"
    profile = bench.profile(table(build=line))
    made = Path(bench.good("build", "-f", profile, f"git+file://{source}"))
    assert (made / "epoch").read_text() == "1700000000\n"


@pytest.mark.parametrize("names", [("enve.yml",), ("enve.json",), ("enve.conf", "enve.json")])
def test_it_sees_no_profile_of_a_folder_but_a_file_that_is_called_so(bench, names):
    source = bench.source()
    for name in names:
        bench.write(source / name, "{}")
    made = build(bench, source, build=commands("mkdir $OUT/seen", "cp enve.* $OUT/seen || true"))
    assert {one.name for one in (made / "seen").iterdir()} == {*names[1:]}


def test_what_it_needs_is_installed_and_found(bench):
    tool = bench.source("tool")
    needed = {"url": f"file://{tool}", "table": table("tool-x", run={"cmd": ["x"]})}
    made = build(
        bench,
        bench.source(),
        deps={"build": [needed]},
        build=commands("greet dep >$OUT/said", "echo $DEP_TOOL_X >$OUT/where"),
    )
    assert (made / "said").read_text() == "hello dep\n"
    where = Path((made / "where").read_text().strip())
    assert str(where).endswith("-tool-x/opt/tool-x")
    assert (where / "bin/greet").exists()


def test_one_byte_in_what_it_needs_builds_it_again(bench):
    tool, source = bench.source("tool"), bench.source()
    needed = {"url": f"file://{tool}", "table": table("tool", run={"cmd": ["x"]})}
    one = build(bench, source, deps={"build": [needed]})
    assert build(bench, source, deps={"build": [needed]}) == one
    (tool / "greet").write_text("#!/bin/sh\necho hallo\n")
    assert build(bench, source, deps={"build": [needed]}) != one


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="there is no /dev/shm")
def test_in_memory(bench):
    """Where bubblewrap has another /dev/shm."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        source = bench.source()
        bench.env["ENVE_STORE"] = memory + "/store"
        moved = shutil.move(source, memory + "/source")
        for copy in (True, False):
            build(bench, moved, build=commands("cp $SRC/greet $OUT", copy=copy))


# -- failures --------------------------------------------------------------------------------------
@pytest.mark.parametrize("where", ["", "/a/b"])
def test_a_pipe_in_out_is_a_failure(bench, where):
    profile = bench.profile(table(build=commands(f"mkdir -p $OUT{where}; mkfifo $OUT{where}/pipe")))
    done = bench.fire("build", "-f", profile, bench.source())
    assert done.returncode == 82
    assert f"$OUT{where}/pipe is no file, folder or link" in done.stderr


def test_nothing_in_out_is_a_failure(bench):
    profile = bench.profile(table(build=commands("true")))
    done = bench.fire("build", "-f", profile, bench.source())
    assert done.returncode == 82
    assert "nothing is in $OUT" in done.stderr
    assert bench.entries("build") == set()


def test_a_failure_shows_its_end_and_where_the_log_is(bench):
    lines = ("seq 1000; echo the reason >&2; exit 3",)
    done = bench.fire("build", "-f", bench.profile(table(build=commands(*lines))), bench.source())
    assert done.returncode == 82
    assert "  | the reason\n" in done.stderr
    assert "  | 100\n" not in done.stderr
    assert "status 3" in done.stderr
    log = next(line for line in done.stderr.splitlines() if "all that was printed: " in line)
    assert Path(log.partition(": ")[2]).read_text().endswith("1000\nthe reason\n")


def test_a_failure_leaves_what_was_good_before(bench):
    source = bench.source()
    one = build(bench, source)
    before = (one / "opt/greet/when").read_text()
    (source / "greet").unlink()
    assert bench.fire("build", "-f", bench.profile(table()), source).returncode == 82
    bench.write(source / "greet", "#!/bin/sh\necho hello ${1:-you}\n", 0o755)
    assert build(bench, source) == one
    assert (one / "opt/greet/when").read_text() == before


# -- built again -----------------------------------------------------------------------------------
def test_a_check_of_what_is_the_same_each_time(bench):
    profile = bench.profile(table(build=commands("cp greet $OUT/greet")))
    made = bench.good("build", "-f", profile, bench.source())
    assert bench.good("build", "--check", "-f", profile, "greet") == made
    assert bench.entries("build") == {Path(made).name}


def test_a_check_names_what_differs(bench):
    lines = ("mkdir $OUT/d; date +%N >$OUT/d/when; echo 1 >$OUT/same", "touch $OUT/x$(date +%N)")
    profile = bench.profile(table(build=commands(*lines)))
    bench.good("build", "-f", profile, bench.source())
    done = bench.fire("build", "--check", "-f", profile, "greet")
    assert done.returncode == 82
    assert "  | d/when: changed" in done.stderr
    assert ": missing" in done.stderr
    assert ": was not there" in done.stderr
    assert "same" not in done.stderr
    assert len(bench.entries("build")) == 1
