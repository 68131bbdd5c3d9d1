"""Sub-pms as users of their own below root's pm; below an ordinary user's there is only one."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.box import Box, line
from tests.support.interpreter import python_for
from tests.support.wait import until

pytestmark = pytest.mark.real
ROOT = os.getuid() == 0


@pytest.fixture
def users() -> tuple[str, str]:
    """Two users: others than ours where we are root, else ourselves twice."""
    if not ROOT:
        name = pwd.getpwuid(os.getuid()).pw_name
        return name, name
    first, second, *_ = (u.pw_name for u in pwd.getpwall() if 0 < u.pw_uid < 1000)
    return first, second


@pytest.fixture
def box(users: tuple[str, str]) -> Iterator[Box]:
    folder = Path(tempfile.mkdtemp(prefix="enve-users-"))
    folder.chmod(0o755)
    try:
        with Box(folder, python=python_for(users[0]) if ROOT else sys.executable) as box:
            yield box
    finally:
        shutil.rmtree(folder)


def uid_of(pid: int) -> int:
    return os.stat(f"/proc/{pid}").st_uid  # noqa: PTH116


def test_each_runs_as_its_user_and_shows_its_states(box: Box, users: tuple[str, str]) -> None:
    one, two = users
    box.load(
        line("pm1", kind="subpm", mode="user", user=one),
        line("pm1.web"),
        line("pm1.inner", kind="subpm", mode="user"),
        line("pm1.inner.deep"),
        *([line("pm2", kind="subpm", mode="user", user=two), line("pm2.web")] if ROOT else []),
    )
    web = box.wait("pm1.web", "RUNNING")
    deep = box.wait("pm1.inner.deep", "RUNNING")
    uid = pwd.getpwnam(one).pw_uid
    assert {uid_of(web["pid"]), uid_of(deep["pid"])} == {uid}
    assert box.pm("restart", "pm1.inner.deep").returncode == 0
    spot = (box.home / "spots" / "pm1").stat()
    assert (spot.st_uid, stat.S_IMODE(spot.st_mode)) == (uid, 0o700)
    if ROOT:
        assert uid_of(box.wait("pm2.web", "RUNNING")["pid"]) == pwd.getpwnam(two).pw_uid
        feed = box.home / "feed" / "pm1"
        assert (feed.stat().st_uid, stat.S_IMODE(feed.stat().st_mode)) == (0, 0o750)
        fed = [path.stat() for path in feed.iterdir()]  # others may have the user's group
        assert {(one.st_uid, stat.S_IMODE(one.st_mode)) for one in fed} == {(uid, 0o400)}
    assert box.pm("reexec").returncode == 0
    assert box.pm("stop", "pm1.web").returncode == 0


def test_one_user_serves_one_sub_pm(box: Box, users: tuple[str, str]) -> None:
    if not ROOT:  # then the rule is another: nobody but ourselves
        box.load(line("pm1", kind="subpm", mode="user", user="root", restart="never"), status=3)
        assert "only root" in box.unit("pm1")["result"]
        return
    box.load(
        line("pm1", kind="subpm", mode="user", user=users[0]),
        line("pm2", kind="subpm", mode="user", user=users[0], restart="never"),
        status=3,
    )
    box.wait("pm1", "RUNNING")
    until(lambda: "is the user of sub-pm pm1" in box.unit("pm2")["result"], "the refusal")


def test_a_client_is_led_nowhere_by_links(box: Box, users: tuple[str, str]) -> None:
    """Who reads a sub-pm's logs and parameters may be root, and its user may be anybody."""
    box.load(line("pm1", kind="subpm", mode="user", user=users[0]), line("pm1.web"), line("top"))
    pm1, secret = box.home / "spots/pm1", box.home / "log"
    (secret / "web.log").write_text("secret")
    assert "secret" not in box.pm("logs", "pm1.web").stdout
    for name, words in {"log": ("logs", "pm1.web"), "units": ("cat", "pm1.web")}.items():
        (pm1 / name).rename(pm1 / f"{name}.real")
        (pm1 / name).symlink_to(box.home / name)
        said = box.pm(*words)
        assert (said.returncode, said.stdout) == (64, "")
        assert f"there is no {pm1}/{name}" in said.stderr
        assert "pm1.top" not in box.pm("list-dependencies").stdout
        assert box.pm("why", "pm1.web", "-o", "json").returncode == 0
        (pm1 / name).unlink()
        (pm1 / f"{name}.real").rename(pm1 / name)
    (pm1 / "log/web.log").unlink(missing_ok=True)
    os.mkfifo(pm1 / "log/web.log")
    assert box.pm("logs", "pm1.web", timeout=20).returncode != 0


def test_a_lying_sub_pm(box: Box, users: tuple[str, str]) -> None:
    """Its user replaces what it shows by links and rubbish: the parent's listing stays whole."""
    box.load(line("pm1", kind="subpm", mode="user", user=users[0]), line("pm1.web"), line("top"))
    box.wait("pm1.web", "RUNNING")
    public = box.home / "spots" / "pm1" / "public"
    secret = box.home / "trust" / "secret"
    secret.write_text('{"v":1,"units":{"stolen":{"state":"RUNNING","want":"up"}}}')
    (public / "sub" / "evil.json").symlink_to(secret)
    (public / "sub" / "pipe.json").unlink(missing_ok=True)
    os.mkfifo(public / "sub" / "pipe.json")
    assert box.pm("restart", "pm1.web").returncode == 0
    assert box.wait("top", "RUNNING")
    assert not any("stolen" in name or "evil" in name for name in box.listing())
