"""Sub-pms behind walls, below root's pm: a root of their own (chroot), or namespaces (jail)."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from tests.support import brood
from tests.support.box import Box, line
from tests.support.rooms import subpm, subroot
from tests.support.wait import until

from enve_pm.shell.guard import subtree

pytestmark = [pytest.mark.real, pytest.mark.host]

BASE = subroot("base", "overlay", lower=["/"])
CHROOT = {"root": "base", "needs": ["base"]}
JAIL = {"jail": True, "hostname": "inner"}
KINDS = {"chroot": CHROOT, "jail": JAIL, "jail with a root": {**JAIL, **CHROOT}}


def said(box: Box, name: str, text: str, *others: dict[str, Any], **keys: Any) -> str:
    """What a command prints that is run by a unit of a sub-pm."""
    command = ["sh", "-c", f"exec >said 2>&1; {text}; mv said done; exec sleep 1000"]
    box.load(*others, line(name, command=command, **keys))
    *above, unit = name.split(".")
    done = box.home.joinpath(*(f"spots/{one}" for one in (*above, unit)), "done")
    until(done.exists, "the unit to have said it")
    return done.read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_it_sees_of_the_home_around_it_what_is_its_own(box: Box, kind: str) -> None:
    text = f"ls {box.home} {box.home}/spots; cat /proc/1/comm; hostname"
    found = said(box, "pm1.web", text, BASE, subpm("pm1", **KINDS[kind]))
    assert f"{box.home}:\nfeed\nspots\n\n{box.home}/spots:\npm1\n" in found
    assert ("inner" in found) == ("jail" in kind)


def tree(kind: str) -> list[dict[str, Any]]:
    walls = KINDS[kind]
    return [
        BASE,
        line("top"),
        subpm("pm1", **walls),
        line("pm1.web", user="daemon"),
        subpm("pm1.pm2", mode="user", user="daemon"),
        line("pm1.pm2.deep"),
    ]


def running(box: Box) -> int:
    return [unit["state"] for unit in box.listing().values()].count("RUNNING")


@pytest.mark.parametrize(
    ("kind", "who"), [("chroot", "watchdog"), ("jail", "pm"), ("jail with a root", "watchdog")]
)
def test_a_killed_one_takes_all_below_it_and_comes_back(box: Box, kind: str, who: str) -> None:
    box.load(*tree(kind))
    listed = box.listing()
    assert {one["state"] for one in listed.values()} == {"RUNNING"}
    watchdog = listed["pm1"]["pid"]
    below = set(subtree.below(watchdog))
    assert len(below) >= 5
    pm = next(pid for pid in below if parent(pid) == watchdog)
    os.kill(watchdog if who == "watchdog" else pm, signal.SIGKILL)
    until(lambda: box.unit("pm1")["pid"] not in (0, watchdog), "its restart")
    until(lambda: running(box) == len(listed), "all of it to run again")
    assert not [pid for pid in below | {watchdog} if brood.state(pid) not in ("", "Z")]
    assert box.unit("pm1")["restarts"] == 1
    assert box.unit("top")["pid"] == listed["top"]["pid"]


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.mark.parametrize("kind", ["chroot", "jail"])
def test_commands_states_and_programs(box: Box, kind: str) -> None:
    box.load(*tree(kind))
    for name in ("pm1.web", "pm1.pm2.deep"):
        assert box.pm("restart", name).returncode == 0
        assert box.pm("stop", name).returncode == 0
        box.wait(name, "STOPPED")
        box.order("start", name)
    before = box.listing()
    assert box.pm("reexec").returncode == 0
    assert box.pm("stop", "pm1.web").returncode == 0
    after = box.listing()
    for name in ("top", "pm1", "pm1.pm2", "pm1.pm2.deep"):
        assert after[name]["pid"] == before[name]["pid"], name
    watchdog = after["pm1"]["pid"]
    below = set(subtree.below(watchdog))
    box.order("stop", "pm1")
    assert not [pid for pid in below | {watchdog} if brood.state(pid) not in ("", "Z")]
    box.order("start", "pm1")
    until(lambda: running(box) == len(before) - 1, "all but what was stopped")


@pytest.mark.parametrize("more", [{}, {"users": 231072}])
def test_a_jail_keeps_no_mount_of_its_neighbours(box: Box, more: dict[str, Any]) -> None:
    data = line("data", kind="mount", mount={"type": "tmpfs", "at": "data"})
    box.load(BASE, data)
    box.load(BASE, data, subpm("pm1", jail=True, **more))
    rows = Path(f"/proc/{box.unit('pm1')['pid']}/mountinfo").read_text().splitlines()
    own = sorted(row.split()[4] for row in rows if str(box.home) in row.split()[4])
    home = str(box.home)
    assert own == [home, f"{home}/feed/pm1", f"{home}/spots/pm1"]


def test_a_plan_that_drops_its_root_drops_all_the_rest_too(box: Box) -> None:
    """The pm is the blueprint's: it stays, and waits for a plan that brings the root again."""
    pm1 = subpm("pm1", **CHROOT)
    box.load(BASE, line("other"), pm1, line("pm1.web"))
    box.load(pm1, status=3)
    until(lambda: set(box.listing()) == {"pm1"}, "what the plan does not name to be gone")
    assert (box.unit("pm1")["state"], box.unit("pm1")["result"]) == ("STOPPED", "missing:base")
    box.load(BASE, pm1, line("pm1.web"))
    until(lambda: running(box) == 3, "all of it to run again")


def test_a_root_without_python(box: Box) -> None:
    bare = subroot("base", "bind", paths=["/etc"])
    box.load(bare, subpm("pm1", restart="never", **CHROOT), status=3)
    unit = box.unit("pm1")
    assert unit["state"] == "STARTING_FAIL"
    assert unit["result"].startswith(
        "exec:ENOENT: a pm runs on Python, which has to be in its root"
    )


def test_what_it_enters_is_a_root(box: Box) -> None:
    box.load(line("base"), subpm("pm1", restart="never", **CHROOT), status=3)
    assert box.unit("pm1")["result"] == "root:base is no subroot"


def test_a_jail_in_a_network_of_the_pm_around_it(box: Box) -> None:
    name = f"pm{os.getpid()}"
    net = line("net", kind="network", network={"type": "namespace", "name": name})
    units = net, subpm("pm1", jail=True, net="net", needs=["net"])
    found = said(box, "pm1.web", "readlink /proc/self/ns/net; grep -c : /proc/net/dev", *units)
    number = (box.root() / "run/netns" / name).stat().st_ino
    assert found.split() == [f"net:[{number}]", "1"]
    box.load()


def test_a_root_in_there_who_bends_what_is_read_of_it(box: Box) -> None:
    """It shows what it likes of itself, by links and by mounts, and gets nothing of the outside."""
    secret = box.home / "trust/secret.json"
    box.load(BASE, subpm("pm1", **CHROOT), line("pm1.web"), line("top"))
    secret.write_text('{"v":1,"units":{"stolen":{"state":"RUNNING","want":"up"}}}')
    public = box.home / "spots/pm1/public"
    bend = f"ln -s {secret} {public}/sub/a.json; mount -t tmpfs none {public}; mkfifo {public}/sub"
    said(box, "pm1.evil", bend, BASE, subpm("pm1", **CHROOT), line("pm1.web"), line("top"))
    box.order("restart", "top")
    assert not any("stolen" in name or name == "pm1.a" for name in box.listing())
    public.rename(public.with_name("elsewhere"))
    public.symlink_to(box.home / "public")
    box.order("stop", "pm1")  # at its end its parent looks once more
    shown = json.loads((box.home / "public/sub/pm1.json").read_text())
    assert not shown["alive"] and not shown["status"]["units"]


# -- users of its own ------------------------------------------------------------------------------
FIRST = 231072
OWN_USERS = {"jail": True, "users": FIRST, "net": "none"}
LOOK = """id -u; cat /proc/1/uid_map; umount $TOP || umount /proc || echo locked; ls $TOP
touch /etc/x || echo no; mount -t tmpfs none /mnt && echo may mount; chown 5 . && stat -c %u ."""


@pytest.mark.parametrize("more", [{}, CHROOT])
def test_a_jail_with_users_of_its_own(box: Box, more: dict[str, Any]) -> None:
    """Its root is root in there, and nobody outside."""
    env = {"TOP": str(box.home)}
    units = [
        BASE,
        subpm("pm1", **OWN_USERS, **more),
        line("pm1.low", user="daemon"),
        subpm("pm1.u", mode="user", user="daemon"),
        line("pm1.u.web"),
    ]
    text = said(box, "pm1.web", LOOK, *units, env=env)
    words = ["0", "0", str(FIRST), "65534", "locked", "feed", "spots", "no", "may", "mount", "5"]
    assert [word for word in text.split() if word in words] == words
    main = box.unit("pm1")["pid"]
    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in (main, *subtree.below(main))}
    assert owners == {FIRST, FIRST + 1}
    os.kill(subtree.below(main)[0], signal.SIGKILL)
    until(lambda: box.unit("pm1")["restarts"] == 1 and running(box) == len(units) + 1, "all")
    box.order("restart", "pm1.u.web")


def test_what_stands_in_a_jail_with_users_of_its_own(box: Box) -> None:
    box.load(
        subpm("pm1", **OWN_USERS),
        line("pm1.mem", kind="mount", mount={"type": "tmpfs", "at": "data"}),
        line("pm1.data", kind="volume", volume={"path": "data"}, user="daemon"),
        subpm("pm1.cell", jail=True, hostname="cell"),
        line("pm1.cell.web"),
    )


def test_roots_in_roots(box: Box) -> None:
    """Of what is shown as many as one likes; of overlays what the kernel stacks."""
    parts = [Path(one) for one in ("/usr", "/etc", "/bin", "/lib", "/lib64")]
    shown = [str(one) for one in parts if one.is_dir() and not one.is_symlink()]
    aboves = ("", "c.", "c.c.")
    pms = [subpm(f"{above}c", **CHROOT) for above in aboves]
    overlays = [{**BASE, "name": above + "base"} for above in aboves]
    refused = box.load(*overlays, *pms, line("c.c.c.x"), status=3)
    assert "base: exit:1 (make: overlay: / lies on an overlay, and the kernel lays two" in refused
    roots = [subroot(f"{above}base", "bind", paths=shown) for above in aboves]
    box.load(*roots, *pms, line("c.c.c.x"))
