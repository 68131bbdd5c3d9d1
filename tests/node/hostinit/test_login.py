"""Whose pm root has started: by a way that nobody else can bend."""

from __future__ import annotations

import os
import pwd
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from enve_pm.hostinit import kept, life, login, register
from enve_pm.hostinit.problem import Problem
from enve_pm.hostinit.systemd import Systemd

DAEMON, BIN = 1, 2  # logins that every system has
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs folders of several users")


@pytest.fixture
def way() -> Iterator[Path]:
    """A folder of daemon's in one of root's."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        home = Path(place) / "own/state/pm"
        home.mkdir(parents=True)
        for folder in (home, home.parent, home.parent.parent):
            os.chown(folder, DAEMON, DAEMON)
        yield home


def test_the_owner_is_who_it_runs_as(way: Path) -> None:
    way.chmod(0o775)  # of his own group, with nobody else in it
    (way / "pm").touch(0o700)
    os.chown(way / "pm", DAEMON, DAEMON)
    assert login.of(str(way)) == "daemon"


def bent_by_another_owner(way: Path) -> None:
    os.chown(way.parent, BIN, BIN)


def bent_by_everybody(way: Path) -> None:
    way.parent.parent.parent.chmod(0o777)


def bent_by_a_group(way: Path) -> None:
    way.parent.chmod(0o775)
    os.chown(way.parent, DAEMON, BIN)


def bent_by_a_group_of_roots(way: Path) -> None:
    way.parent.parent.parent.chmod(0o775)
    os.chown(way.parent.parent.parent, 0, BIN)


def bent_by_a_group_of_many(way: Path) -> None:
    """The first group of several logins has no members by name."""
    theirs = Counter(one.pw_gid for one in pwd.getpwall() if one.pw_uid)
    gid = next((gid for gid, count in theirs.items() if gid and count > 1), None)
    if gid is None:
        pytest.skip("each login of this machine has a group of its own")
    login = next(one for one in pwd.getpwall() if one.pw_uid and one.pw_gid == gid)
    for folder in (way, way.parent, way.parent.parent):
        os.chown(folder, login.pw_uid, gid)
    way.parent.chmod(0o775)


def open_to_everybody(way: Path) -> None:
    way.chmod(0o777)


def launcher_of_another(way: Path) -> None:
    (way / "pm").touch()
    os.chown(way / "pm", BIN, BIN)


def launcher_for_everybody(way: Path) -> None:
    (way / "pm").touch()
    (way / "pm").chmod(0o777)


def launcher_elsewhere(way: Path) -> None:
    (way / "pm").symlink_to("/bin/true")


def launcher_a_fifo(way: Path) -> None:
    os.mkfifo(way / "pm")


def bent_by_a_link(way: Path) -> None:
    state = way.parent
    state.rename(state.parent / "real")
    state.symlink_to("real")


def roots_own(way: Path) -> None:
    os.chown(way, 0, 0)


def nobodys(way: Path) -> None:
    for folder in (way, way.parent, way.parent.parent):
        os.chown(folder, 4_000_000, 4_000_000)


@pytest.mark.parametrize(
    ("bend", "told"),
    [
        (bent_by_another_owner, "own/state is in the way"),
        (bent_by_everybody, "is in the way: others may put"),
        (bent_by_a_group, "own/state is in the way: others may put"),
        (bent_by_a_group_of_roots, "is in the way: others may put"),
        (bent_by_a_group_of_many, "own/state is in the way: others may put"),
        (open_to_everybody, "state/pm is in the way: others may put"),
        (launcher_of_another, "pm/pm is in the way: it belongs to uid 2"),
        (launcher_for_everybody, "pm/pm is in the way: others may put"),
        (launcher_elsewhere, "pm/pm is no regular file"),
        (launcher_a_fifo, "pm/pm is no regular file"),
        (bent_by_a_link, "state is no folder"),
        (roots_own, "is root's own"),
        (nobodys, "uid 4000000, which has no name"),
    ],
)
def test_a_way_that_others_may_bend_is_refused(way: Path, bend: object, told: str) -> None:
    bend(way)  # type: ignore[operator]
    with pytest.raises(Problem, match=told):
        login.of(str(way))


def test_nothing_of_a_logins_is_started_as_root() -> None:
    """Neither root's crontab nor an outer loop of root's may run it."""
    theirs = kept.of("/srv/pm", "daemon")
    assert not {"cron", "none"} & set(register.known(theirs, system=False))
    assert register.there(theirs, system=False) == []
    for make in register.known(theirs, system=False).values():
        assert "daemon" in make(theirs).text()


def test_what_root_has_registered_is_left_to_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("enve_pm.hostinit.systemd.SYSTEM_UNITS", str(tmp_path))
    monkeypatch.setattr("enve_pm.hostinit.systemd.login", lambda: "daemon")
    theirs = Systemd(kept.of("/srv/pm", "daemon"), user=False)
    Path(theirs.path).write_text(theirs.text())
    chosen = register.choose("auto", kept.of("/srv/pm"), system=False)
    assert (chosen.kind, chosen.register()) == ("as-root", False)
    assert [one.kind for one in register.there(kept.of("/srv/pm"), system=False)] == ["as-root"]
    for action, word in ((chosen.remove, "remove"), (chosen.stop, "stop")):
        with pytest.raises(Problem, match="root has registered it with systemd") as caught:
            action()
        assert f"a pm of its own: pm host {word} --as-root --home /srv/pm" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        *("[" * 100_000, '{"pid": Infinity}', "[1]", '{"pid": null}'),
        '{"pid": %s, "start": "1", "boot": ""}' % ("9" * 100_000),
    ],
)
def test_what_a_login_shows_is_no_mistake_of_roots(tmp_path: Path, text: str) -> None:
    (tmp_path / "public").mkdir()
    (tmp_path / "public/status.json").write_text(text)
    assert not life.alive(str(tmp_path))
