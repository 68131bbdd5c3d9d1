"""What OpenRC, runit and busybox make of our files. (On machines that they run: see e2e.)"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from enve_pm.hostinit import busybox, kept, register, runit
from enve_pm.hostinit.busybox import Busybox
from enve_pm.hostinit.keeper import MARK
from enve_pm.hostinit.openrc import OpenRC
from enve_pm.hostinit.problem import Problem
from enve_pm.hostinit.runit import Runit
from enve_pm.hostinit.sysvinit import SysVInit

ODD = "/srv/a b/50%\"$x\\y/it's `z`"
OTHERS = "# a table\n::sysinit:/bin/mount -a\n::respawn:/sbin/getty 38400 tty1\n"


def test_openrc_reads_its_values_twice(tmp_path: Path) -> None:
    """Once as a script, once as the command line of its supervisor."""
    script = OpenRC(kept.of(ODD, "o'neil")).text()
    read = 'eval set -- $command_user $command $command_args; printf "%s\\n" "$@"'
    done = subprocess.run(["sh", "-c", f"{script}\n{read}"], capture_output=True, check=True)
    assert done.stdout.decode().splitlines() == ["o'neil", f"{ODD}/pm", "run", "--wait"]


LOGINS = [""] if os.geteuid() else ["", "daemon"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Its launcher says who runs it, and how."""
    for above in (tmp_path, *tmp_path.parents):
        above.chmod(above.stat().st_mode | 0o011)
    place = tmp_path / 'a b 50% "$x" it\'s'
    place.mkdir()
    (place / "pm").write_text('#!/bin/sh\necho "$(id -u) $HOME $*"\n')
    (place / "pm").chmod(0o755)
    return place


@pytest.mark.real
@pytest.mark.parametrize("login", LOGINS)
def test_runit_runs_it_as_whom_it_shall(login: str, home: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.write_text(Runit(kept.of(str(home), login)).text())
    done = subprocess.run(["sh", str(run)], capture_output=True, text=True, check=True)
    uid, place = (1, "/usr/sbin") if login else (os.geteuid(), os.environ["HOME"])
    assert done.stdout == f"{uid} {place} run --wait\n"


def test_what_an_admin_put_into_the_folder_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runit, "FOLDERS", str(tmp_path))
    monkeypatch.setattr(runit, "tool", lambda words: (0, ""))  # there is no such init here
    made = Runit(kept.of("/srv/pm"))
    folder = Path(made.folder)
    for more in ("log", "supervise"):
        (folder / more).mkdir(parents=True)
        (folder / more / "run").touch()
    Path(made.path).write_text(made.text())
    monkeypatch.setattr(runit, "SERVICES", (str(tmp_path / "on"),))
    (tmp_path / "on").mkdir()
    (tmp_path / "on" / folder.name).symlink_to(folder)
    made.disable()
    assert [str(path.relative_to(folder)) for path in folder.rglob("*")] == ["log", "log/run"]
    assert not any((tmp_path / "on").iterdir())


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(busybox, "TABLE", str(tmp_path / "inittab"))
    monkeypatch.setattr(busybox, "tell", lambda: None)  # the machine's own init is another one
    (tmp_path / "inittab").write_text(OTHERS)
    return tmp_path / "inittab"


@pytest.mark.real
@pytest.mark.parametrize("login", LOGINS)
def test_a_line_of_the_table_comes_and_goes_alone(login: str, home: Path, table: Path) -> None:
    made = Busybox(kept.of(str(home), login))
    assert (made.register(), made.register(), made.there()) == (True, False, True)
    assert table.read_text() == OTHERS + made.text()
    start, end = (line.split(":", 3)[3] for line in made.lines)
    for command, words in ((start, " run --wait\n"), (end, " host stop --kind none\n")):
        done = subprocess.run(["sh", "-c", "exec " + command], capture_output=True, check=True)
        assert done.stdout.decode().endswith(words)
        assert (done.stdout.decode().split()[0] == "1") is bool(login)
    made.stop()
    assert table.read_text() == OTHERS + made.text().replace("::respawn", "#::respawn")
    made.start()
    assert table.read_text() == OTHERS + made.text()
    assert (made.remove(), made.remove()) == (True, False)
    assert table.read_text() == OTHERS


def test_lines_of_others_below_our_mark_stay(table: Path) -> None:
    made = Busybox(kept.of("/srv/pm"))
    table.write_text(f"{MARK} enve-pm-x\n::respawn:/x\n{made.head}\n{OTHERS}")
    made.register()
    assert made.remove()
    assert table.read_text() == f"{MARK} enve-pm-x\n::respawn:/x\n{OTHERS}"


def test_other_options_of_before_give_way(table: Path) -> None:
    made = Busybox(kept.of("/srv/pm", "op"))
    older = made.text().replace("--wait", "--old")
    for text in (older, older.partition("::shutdown")[0]):
        table.write_text(text + OTHERS)
        assert made.register()
        assert table.read_text() == made.text() + OTHERS


def test_what_a_table_cannot_hold_is_refused(table: Path) -> None:
    with pytest.raises(Problem, match="has a #"):
        Busybox(kept.of("/srv/a#b")).register()
    table.unlink()
    table.symlink_to("elsewhere")
    with pytest.raises(Problem, match="is a link"):
        Busybox(kept.of("/srv/pm")).register()


def test_two_inits_with_one_folder_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("enve_pm.hostinit.script.SCRIPTS", str(tmp_path))
    ours = kept.of("/srv/pm")
    made = OpenRC(ours)
    Path(made.path).write_text(made.text())
    assert made.there()
    assert not SysVInit(ours).there()
    assert [one.kind for one in register.there(ours, system=True)] == ["openrc"]
