"""Mounts from one root into another, and the pms that live in these roots."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import Box, line
from tests.support.interpreter import python_for
from tests.support.rooms import inside, kept, mounted, subroot
from tests.support.wait import until

pytestmark = [pytest.mark.real, pytest.mark.host]

KINDS = {
    "chroot": {},
    "jail": {"jail": True},
    "jail of its own users": {"jail": True, "users": 231072},
}


def root(name: str) -> dict[str, Any]:
    return subroot(name, "overlay", lower=["/"])


def between(source: str, at: str, *options: str, **keys: Any) -> dict[str, Any]:
    body = {"type": "bind", "from": source, "at": at, "options": list(options)}
    named = sorted({text.partition(":")[0] for text in (source, at) if ":/" in text})
    return line("news", kind="mount", mount=body, **{"needs": named, **keys})


def pm(name: str, base: str, *needs: str, **walls: Any) -> dict[str, Any]:
    return line(name, kind="subpm", mode="root", root=base, needs=[base, *needs], **walls)


NEWS = between("press:/srv", "kiosk:/srv/news", "ro")


def tree(kind: str) -> list[dict[str, Any]]:
    walls = KINDS[kind]
    return [
        *(root("press"), root("kiosk"), NEWS),
        pm("writer", "press", **walls),
        pm("reader", "kiosk", "news", **walls),
        line("writer.web"),
        line("reader.web"),
    ]


def inner(box: Box, unit: str, path: str = "srv") -> Path:
    """A path in a root, as the pm around it sees it."""
    return box.root() / str(box.home)[1:] / "spots" / unit / "root" / path


def seen(box: Box) -> list[str]:
    """What the reader finds in there; empty where there is nothing."""
    return box.pm("enter", "reader.web", "--", "ls", "/srv/news").stdout.split()


def shown(box: Box) -> list[str]:
    return [mount.at for mount in mounted(box) if mount.at.endswith("/srv/news")]


def test_a_pm_is_shown_what_another_writes(box: Box) -> None:
    box.load(*tree("chroot"))
    done = box.pm("enter", "writer.web", "--", "touch", "/srv/today")
    assert not done.returncode, done.stderr
    assert seen(box) == ["today"]
    done = box.pm("enter", "reader.web", "--", "touch", "/srv/news/x")
    assert "Read-only" in done.stderr


def test_a_file_is_shown_at_the_top_of_a_root(box: Box) -> None:
    roots = root("press"), root("kiosk")
    box.load(*roots)
    inner(box, "press", "srv/today").write_text("rain")
    box.load(*roots, between("press:/srv/today", "kiosk:/today", "ro"))
    assert inner(box, "kiosk", "today").read_text() == "rain"
    assert not (box.root() / "kiosk:").exists(), "nothing is made beside the root"
    box.load(*roots)
    until(lambda: not inner(box, "kiosk", "today").read_text(), "it to go")


@pytest.mark.parametrize("kind", KINDS)
def test_what_changes_outside_is_seen_by_a_pm_that_runs(box: Box, kind: str) -> None:
    """It comes, is lost and made anew, becomes another, and goes; the pm does not wait for it."""
    press, kiosk, _, _, reader, _, web = tree(kind)
    rest = press, kiosk, {**reader, "needs": ["kiosk"]}, web
    box.load(*rest)
    before = box.unit("reader")["pid"]
    inner(box, "press", "srv/today").mkdir()
    assert not seen(box)
    box.load(*rest, NEWS)
    assert seen(box) == ["today"]
    inside(box, "umount", *shown(box))
    assert not seen(box)
    box.order("recheck", "news", status=3)
    until(lambda: seen(box) == ["today"], "it to be there again")
    box.load(*rest, between("press:/srv/today", "kiosk:/srv/news"))
    assert not seen(box)
    assert len(shown(box)) == 1
    box.load(*rest)
    until(lambda: not shown(box), "it to go")
    assert "/srv/news" not in Path(f"/proc/{before}/mountinfo").read_text()
    assert box.unit("reader")["pid"] == before


def test_the_pm_waits_for_the_mount_and_ends_before_it(box: Box) -> None:
    box.load(*tree("chroot"))
    box.order("stop", "--with-dependents", "press")
    states = {name: one["state"] for name, one in box.listing().items() if "." not in name}
    down = ("press", "news", "writer", "reader")
    assert states == {**dict.fromkeys(down, "STOPPED"), "kiosk": "RUNNING"}
    assert not shown(box)
    box.order("start", "reader")
    assert len(shown(box)) == 1


def test_one_in_use_in_there_stays_and_says_by_whom(box: Box) -> None:
    kiosk, reader = root("kiosk"), pm("reader", "kiosk")
    memory = line("news", kind="mount", mount={"type": "tmpfs", "at": "kiosk:/srv/news"})
    news = {**memory, "needs": ["kiosk"], "stop_timeout": 2500}
    command = ["sh", "-c", "cd /srv/news && exec sleep 1000"]
    box.load(kiosk, news)
    box.load(kiosk, news, reader, line("reader.web", command=command))
    box.order("stop", "news", status=3)
    detail = box.unit("news")["detail"]
    assert f"is in use by pid {box.unit('reader.web')['pid']}" in detail
    box.order("stop", "reader")
    box.order("reset-failed", "news")
    inside(box, "umount", *shown(box))


def test_nothing_is_left_mounted_after_deaths() -> None:
    with tempfile.TemporaryDirectory() as name, kept("shared") as around:
        Path(name).chmod(0o755)
        with Box(Path(name), python=python_for("daemon"), around=around) as box:
            box.home.chmod(0o711)
            box.load(*tree("chroot"))
            for who in ("writer", "reader"):
                os.kill(box.unit(who)["pid"], signal.SIGKILL)
                until(lambda who=who: box.unit(who)["restarts"], "its restart")
            box.kill()
            box.wait("reader.web", "RUNNING")
            assert len(shown(box)) == 1
            box.load()
            until(lambda: not mounted(box), "all to be unmounted")


LED = {
    ("press:/srv/link", "kiosk:/srv/a"): "a link stands in the way",
    ("press:/srv/none", "kiosk:/srv/a"): "from: there is no press:/srv/none",
    ("press:/srv", "kiosk:/srv/link/x"): "a link stands in the way",
    ("press:/srv", "kiosk:/srv/theirs/x"): "who could bend the way",
    ("press:/srv", "kiosk:/proc"): "something of its own at /proc",
}


def test_nobody_in_there_leads_it_elsewhere(box: Box) -> None:
    roots = root("press"), root("kiosk")
    box.load(*roots)
    for name in ("press", "kiosk"):
        inner(box, name, "srv/link").symlink_to("/etc")
        inner(box, name, "srv/theirs").mkdir()
        os.chown(inner(box, name, "srv/theirs"), 1, 1)
    before = mounted(box)
    units = {f"news{i}": between(*paths, restart="never") for i, paths in enumerate(LED)}
    box.load(*roots, *({**unit, "name": name} for name, unit in units.items()), status=3)
    told = [box.unit(name)["detail"] for name in units]
    assert [why for why, one in zip(LED.values(), told, strict=True) if why not in one] == [], told
    assert mounted(box) == before


def test_what_is_anybodys_may_be_shown(box: Box) -> None:
    """He may put another folder of his there, and that is what is shown then."""
    box.load(root("press"))
    folder = inner(box, "press", "srv/theirs")
    (folder / "deep").mkdir(parents=True)
    os.chown(folder, 1, 1)
    box.load(root("press"), between("press:/srv/theirs/deep", "data"))
    (folder / "deep").rename(folder / "old")
    (folder / "deep/new").mkdir(parents=True)
    box.order("recheck", "news", status=3)
    place = box.root() / str(box.home)[1:] / "spots/news/data/new"
    until(place.exists, "it to show what stands there now")
    box.load(root("press"))
    until(lambda: not [one for one in mounted(box) if "/news/" in one.at], "all of it to go")


def memory(name: str) -> dict[str, Any]:
    return line(name, kind="mount", mount={"type": "tmpfs", "at": "/srv"})


SEERS = {"chroot": {"root": "press"}, "jail": {"jail": True}}


@pytest.mark.parametrize("kind", SEERS)
def test_what_a_pm_has_mounted_itself_is_shown_to_another(box: Box, kind: str) -> None:
    """And followed, when that pm has been killed and begins anew."""
    needs = [one for one in ("press",) if one in SEERS[kind].values()]
    press = line("writer", kind="subpm", mode="root", needs=needs, **SEERS[kind])
    news = between("writer:/srv", "kiosk:/srv/news", "ro")
    rest = [root("kiosk"), pm("reader", "kiosk"), line("reader.web"), root("press")]
    units = [*rest, press, memory("writer.memory"), line("writer.web", needs=["memory"])]
    box.load(*units)
    reader = box.unit("reader")["pid"]

    def writes(text: str) -> bool:
        return not box.pm("enter", "writer.web", "--", "touch", f"/srv/{text}").returncode

    assert writes("today")
    box.load(*units, news)
    assert seen(box) == ["today"]
    os.kill(box.unit("writer")["pid"], signal.SIGKILL)
    until(lambda: box.unit("writer")["restarts"], "its restart")
    until(lambda: writes("tomorrow"), "all of it to run again")
    box.pm("recheck", "news")  # it may have been taken down, where that took long
    until(lambda: seen(box) == ["tomorrow"], "the reader to see it")
    assert box.unit("reader")["pid"] == reader
    box.load(*rest)
    until(lambda: not shown(box), "it to go")
    assert "/srv/news" not in Path(f"/proc/{reader}/mountinfo").read_text()


BAD = [
    line("process"),
    line("users", kind="subpm", mode="user", user="daemon"),
    line("jail", kind="subpm", mode="root", jail=True, users=231072),
]


def test_what_is_no_root(box: Box) -> None:
    names = [one["name"] for one in BAD]
    mounts = [between(f"{name}:/srv", "data", restart="never") for name in names]
    into = between("press:/srv", "kiosk:/srv/news", restart="never")
    pms = root("press"), root("base"), pm("kiosk", "base")
    numbered = [{**one, "name": f"news-{name}"} for one, name in zip(mounts, names, strict=True)]
    box.load(*BAD, *pms, *numbered, into, status=3)
    for name in names:
        told = f"root:{name} has none that may be shown"
        assert box.unit(f"news-{name}")["result"] == told
    told = "root:kiosk is a pm: wanted the subroot that it enters"
    assert box.unit("news")["result"] == told
    box.load(BAD[0])
    until(lambda: set(box.listing()) == {"process"}, "nothing to be owed for them")
