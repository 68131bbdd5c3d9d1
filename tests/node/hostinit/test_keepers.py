"""Who brings pm back: what each keeper puts down, and which one is chosen."""

from __future__ import annotations

import os
import pwd
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from enve_pm.hostinit import files, keeper, kept, register
from enve_pm.hostinit.cron import Cron
from enve_pm.hostinit.keeper import MARK, Keeper
from enve_pm.hostinit.openrc import OpenRC
from enve_pm.hostinit.problem import Problem
from enve_pm.hostinit.rcd import RcD
from enve_pm.hostinit.runit import Runit
from enve_pm.hostinit.systemd import Systemd
from enve_pm.hostinit.sysvinit import SysVInit

ODD = '/srv/a b/50%"$x\\y'
HOMES = ["/var/opt/pm", "/srv/pm", ODD, "/srv/it's `x`; $(y)"]
SCRIPTS = [SysVInit, OpenRC, Runit, RcD]
# Keeps the crontab in a file; says what cron's own says when there is none.
CRONTAB = """#!/bin/sh
file=$(dirname "$0")/table
case $1 in
  -l) [ -f "$file" ] || { echo "no crontab for me" >&2; exit 1; }; cat "$file" ;;
  -) cat >"$file" ;;
  -r) rm "$file" ;;
esac
"""


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def crontab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program(tmp_path / "crontab", CRONTAB)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path / "table"


@pytest.mark.parametrize("home", ["/var/opt/pm", "/srv/pm", ODD, "/srv/x\\"])
@pytest.mark.parametrize("login", ["", "daemon"])
def test_systemd_itself_accepts_the_unit(home: str, login: str, tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze here")
    root = tmp_path / "root"
    program(Path(f"{root}{home}") / "pm", "#!/bin/sh\n")
    file = tmp_path / "enve-pm.service"
    text = Systemd(kept.of(f"{root}{home}", login), user=False).text()
    assert ("User=daemon" in text) is bool(login)
    file.write_text(text)
    assert not re.search(r"(?<!\\)(\\\\)*\\\n", text)  # no line goes on in the next one
    done = subprocess.run(
        ["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False
    )
    assert "enve-pm.service" not in done.stderr, done.stderr


def test_each_home_has_a_name_of_its_own() -> None:
    assert kept.of("/var/opt/pm").name == "enve-pm"
    assert kept.of("/home/a/.local/state/pm").name == "enve-pm"
    assert kept.of("/home/a/.local/state/pm", "a").name != "enve-pm"
    assert kept.of("/srv/one").name != kept.of("/srv/two").name


def test_a_home_that_breaks_lines_is_refused() -> None:
    with pytest.raises(Problem, match="control characters"):
        kept.of("/srv/a\nb")
    with pytest.raises(Problem, match="no UTF-8"):
        kept.of("/srv/\udcff")


@pytest.mark.parametrize("kind", SCRIPTS)
@pytest.mark.parametrize("login", ["", "daemon"])
@pytest.mark.parametrize("home", HOMES)
def test_scripts_are_clean(kind: type[Keeper], login: str, home: str, tmp_path: Path) -> None:
    """For sh, and for shellcheck."""
    made = kind(kept.of(home, login))
    assert MARK in made.text().splitlines()
    assert "/enve-pm" in made.path.replace("_", "-")
    script = program(tmp_path / "script", made.text())
    subprocess.run(["sh", "-n", str(script)], check=True)
    if shutil.which("shellcheck"):
        checks = ["-s", "sh", "-e", "SC1091,SC2016,SC2034,SC2154"]
        done = subprocess.run(
            ["shellcheck", *checks, str(script)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.real
@pytest.mark.parametrize("login", ["", "daemon"])
def test_a_script_of_system_v_runs_pm_as_whom_it_shall(login: str, tmp_path: Path) -> None:
    if login and os.geteuid() != 0:
        pytest.skip("only root may run something as somebody else")
    tmp_path.chmod(0o777)
    for above in (tmp_path, *tmp_path.parents):
        above.chmod(above.stat().st_mode | 0o011)
    home = tmp_path / 'a b 50% "$x" it\'s'
    home.mkdir()
    home.chmod(0o777)
    said = '#!/bin/sh\necho "$(id -un)" "$@" >>"${0%/*}/said"\n[ "$1" != status ]\n'
    program(home / "pm", said)
    script = program(tmp_path / "script", SysVInit(kept.of(str(home), login)).text())
    for word, status in (("start", 0), ("stop", 0), ("status", 1), ("wrong", 2)):
        done = subprocess.run([script, word], capture_output=True, check=False)
        assert done.returncode == status, done.stderr
    who = login or pwd.getpwuid(os.geteuid()).pw_name
    assert (home / "said").read_text().splitlines() == [
        f"{who} status",
        f"{who} run --respawn --detach",
        f"{who} host stop --kind none",
        f"{who} status",
    ]


def test_what_somebody_else_put_there_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("enve_pm.hostinit.script.SCRIPTS", str(tmp_path))
    asked = program(tmp_path / "bin/update-rc.d", f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\n')
    monkeypatch.setenv("PATH", f"{asked.parent}:{os.environ['PATH']}")
    made = SysVInit(kept.of("/var/opt/pm"))
    theirs = program(tmp_path / "enve-pm", "#!/bin/sh\n# mine\n")
    with pytest.raises(Problem, match="not put there by us") as caught:
        made.register()
    assert caught.value.refused
    assert "/var/opt/pm/pm host install --kind sysvinit --force" in caught.value.hint
    assert not made.remove()
    assert theirs.read_text() == "#!/bin/sh\n# mine\n"

    assert made.register(force=True)
    assert theirs.read_text() == made.text()
    assert (tmp_path / "asked").read_text() == "enve-pm defaults\n"
    made.disable()
    assert not theirs.exists()

    theirs.mkdir()
    with pytest.raises(OSError, match="directory"):
        made.register(force=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["asked", "bin", "enve-pm"]


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_what_is_no_file_is_not_ours(kind: str, tmp_path: Path) -> None:
    files.put(f"{tmp_path}/ours", MARK.encode() + b"\n", 0o600)
    assert keeper.is_ours(f"{tmp_path}/ours")
    place = tmp_path / "place"
    make = {"link": lambda: place.symlink_to("ours"), "folder": place.mkdir}
    make.get(kind, lambda: os.mkfifo(place))()
    assert not keeper.is_ours(str(place))


def test_an_entry_is_added_once_and_taken_away_alone(crontab: Path) -> None:
    crontab.write_text("# mine\n0 5 * * * backup\n")
    made = Cron(kept.of("/srv/pm"))
    assert made.usable()
    assert made.register()
    assert not made.register()
    assert crontab.read_text() == "# mine\n0 5 * * * backup\n" + made.text()
    assert made.text() == "@reboot /srv/pm/pm run --respawn --detach # enve-pm\n"
    assert made.remove()
    assert not made.remove()
    assert crontab.read_text() == "# mine\n0 5 * * * backup\n"


def test_an_entry_of_before_gives_way(crontab: Path) -> None:
    crontab.write_text("@reboot /srv/pm/pm run --old # enve-pm\n@reboot /srv/x/pm run # enve-pm\n")
    made = Cron(kept.of("/srv/pm"))
    assert made.register()
    assert crontab.read_text() == "@reboot /srv/x/pm run # enve-pm\n" + made.text()


def test_the_first_entry_of_a_crontab(crontab: Path) -> None:
    assert Cron(kept.of("/srv/pm")).register()
    assert len(crontab.read_text().splitlines()) == 1
    assert Cron(kept.of("/srv/pm")).remove()
    assert not crontab.exists()


def test_entries_of_others_keep_each_byte(crontab: Path) -> None:
    """Also what no text holds, or what begins a new line elsewhere; and no warning becomes one."""
    theirs = b"  # caf\xe9\n\n0 5 * * * echo a\x0cb \xc2\x85c\r\n1 5 * * * x\xe2\x80\xa8y\n"
    crontab.write_bytes(theirs)
    script = crontab.parent / "crontab"
    script.write_text(script.read_text().replace('cat "$file"', 'echo careful >&2; cat "$file"'))
    made = Cron(kept.of("/srv/pm"))
    assert made.register()
    assert crontab.read_bytes() == theirs + made.text().encode()
    assert made.there()
    assert made.remove()
    assert crontab.read_bytes() == theirs


@pytest.mark.real
def test_an_entry_runs_as_cron_runs_it(tmp_path: Path) -> None:
    """sh -c, after cron has turned \\% into %."""
    home = tmp_path / 'a b 50% "$x"'
    program(home / "pm", '#!/bin/sh\necho "$@" >"$(dirname "$0")/said"\n')
    command = Cron(kept.of(str(home))).line.removeprefix("@reboot ").replace("\\%", "%")
    subprocess.run(["/bin/sh", "-c", command], check=True)
    assert (home / "said").read_text() == "run --respawn --detach\n"


def test_what_was_asked_for_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Problem, match="can't be had"):
        register.choose("cron", kept.of("/srv/pm"), system=True)
    with pytest.raises(Problem, match="for a system install"):
        register.choose("sysvinit", kept.of("/srv/pm"), system=False)
    assert register.choose("none", kept.of("/srv/pm"), system=True).kind == "none"
    if not Path("/run/systemd/system").exists():
        assert register.choose("auto", kept.of("/srv/pm"), system=True).kind == "none"


def test_auto_takes_cron_where_there_is_no_systemd(crontab: Path) -> None:
    if Path("/run/systemd/system").exists():
        pytest.skip("systemd is process 1 here")
    assert register.choose("auto", kept.of("/srv/pm"), system=False).kind == "cron"


def test_words_for_sh_are_quoted_at_every_level() -> None:
    ours = kept.of("/srv/it's", "o'neil")
    words = shlex.split(ours.su("run"))
    assert words[:4] == ["su", "-s", "/bin/sh", "o'neil"]
    assert shlex.split(words[5]) == ["exec", "/srv/it's/pm", "run"]
