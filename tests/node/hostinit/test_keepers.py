"""Who brings pm back: the texts for systemd and cron, and which of them is chosen."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from enve_pm.hostinit import register
from enve_pm.hostinit.cron import Cron
from enve_pm.hostinit.problem import Problem
from enve_pm.hostinit.systemd import Systemd, unit_name

ODD = '/srv/a b/50%"$x\\y'
# Keeps the crontab in a file; says what cron's own says when there is none.
CRONTAB = """#!/bin/sh
file=$(dirname "$0")/table
case $1 in
  -l) [ -f "$file" ] || { echo "no crontab for me" >&2; exit 1; }; cat "$file" ;;
  -) cat >"$file" ;;
  -r) rm "$file" ;;
esac
"""


@pytest.fixture
def crontab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "crontab").write_text(CRONTAB)
    (tmp_path / "crontab").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path / "table"


@pytest.mark.parametrize("home", ["/var/opt/pm", "/srv/pm", ODD])
def test_systemd_itself_accepts_the_unit(home: str, tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze here")
    root = tmp_path / "root"
    place = Path(f"{root}{home}")
    place.mkdir(parents=True)
    (place / "pm").write_text("#!/bin/sh\n")
    (place / "pm").chmod(0o755)
    file = tmp_path / "enve-pm.service"
    file.write_bytes(Systemd(f"{root}{home}", user=False).text())
    done = subprocess.run(
        ["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False
    )
    assert "enve-pm.service" not in done.stderr, done.stderr


def test_each_home_has_a_unit_of_its_own() -> None:
    assert unit_name("/var/opt/pm") == "enve-pm.service"
    assert unit_name("/home/a/.local/state/pm") == "enve-pm.service"
    assert unit_name("/srv/one") != unit_name("/srv/two")


def test_an_entry_is_added_once_and_taken_away_alone(crontab: Path) -> None:
    crontab.write_text("# mine\n0 5 * * * backup\n")
    keeper = Cron("/srv/pm")
    assert keeper.usable()
    assert keeper.register()
    assert not keeper.register()
    assert crontab.read_text() == (
        "# mine\n0 5 * * * backup\n@reboot /srv/pm/pm run --respawn --detach # enve-pm\n"
    )
    assert keeper.remove()
    assert not keeper.remove()
    assert crontab.read_text() == "# mine\n0 5 * * * backup\n"


def test_the_first_entry_of_a_crontab(crontab: Path) -> None:
    assert Cron("/srv/pm").register()
    assert len(crontab.read_text().splitlines()) == 1
    assert Cron("/srv/pm").remove()
    assert not crontab.exists()


@pytest.mark.real
def test_an_entry_runs_as_cron_runs_it(tmp_path: Path) -> None:
    """sh -c, after cron has turned \\% into %."""
    home = tmp_path / 'a b 50% "$x"'
    home.mkdir()
    (home / "pm").write_text('#!/bin/sh\necho "$@" >"$(dirname "$0")/said"\n')
    (home / "pm").chmod(0o755)
    command = Cron(str(home)).line.removeprefix("@reboot ").replace("\\%", "%")
    subprocess.run(["/bin/sh", "-c", command], check=True)
    assert (home / "said").read_text() == "run --respawn --detach\n"


def test_what_was_asked_for_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Problem, match="can't be had"):
        register.choose("cron", "/srv/pm", system=True)
    assert register.choose("none", "/srv/pm", system=True).kind == "none"
    if not Path("/run/systemd/system").exists():
        assert register.choose("auto", "/srv/pm", system=True).kind == "none"


def test_auto_takes_cron_where_there_is_no_systemd(crontab: Path) -> None:
    if Path("/run/systemd/system").exists():
        pytest.skip("systemd is process 1 here")
    assert register.choose("auto", "/srv/pm", system=False).kind == "cron"
