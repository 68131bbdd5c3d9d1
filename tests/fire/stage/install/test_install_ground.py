"""Where an install would be led by somebody else, root does not go."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.forked import as_user
from tests.support.wait import until

from enve_fire.core.digest import hash_of
from enve_fire.core.product import Product
from enve_fire.core.trouble import INSTALL, Trouble
from enve_fire.stage import marks
from enve_fire.stage.context import Context
from enve_fire.stage.install import install, laid, manifest
from enve_fire.stage.install.laid import Artifact
from enve_fire.stage.install.place import Place, holds
from enve_fire.store import lock
from enve_fire.store.store import Store
from enve_fire.tree import ground
from enve_fire.unit import runtime

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="acts as two users"),
    pytest.mark.real,
]
HIM = "games"
PLATFORM = ("Linux", "x86_64", "glibc 2.36")
STORE = Store.of({"ENVE_STORE": "/nowhere"})
CTX = Context(STORE, None, lambda _: None, 1, PLATFORM)


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A folder that everybody may go through."""
    folder = Path(tempfile.mkdtemp(prefix="enve-ground-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def app(folder: Path, **section: object) -> tuple[Product, Artifact]:
    path = folder / "built/opt/app/x"
    path.parent.mkdir(parents=True)
    path.write_text("x")
    table = {"enve": 1, "title": "app", "version": "1", "prefix": "/opt/app"}
    table |= {"build": {"run": ["x"]}, "install": section}
    return Product("x", "git:1", table), Artifact(str(folder / "built"), hash_of("b", "x"))


def his(folder: Path, work: Callable[[Path], object] = lambda _: None) -> Path:
    """A folder of his, in which he does something."""
    folder.mkdir()
    shutil.chown(folder, HIM)
    as_user(HIM, lambda: work(folder))
    return folder


def refused(product: Product, built: Artifact, place: Place) -> str:
    with pytest.raises(Trouble) as found:
        install.install(product, built, place, CTX)
    assert found.value.code == INSTALL
    return str(found.value)


@pytest.mark.parametrize("link", [".enve", ".enve/installs"])
def test_a_root_that_is_his_leads_nowhere(open_path: Path, link: str) -> None:
    product, built = app(open_path)
    victim = open_path / "victim"
    victim.mkdir()

    def bend(root: Path) -> None:
        (root / link).parent.mkdir(exist_ok=True)
        (root / link).symlink_to(victim)

    root = his(open_path / "root", bend)
    said = refused(product, built, Place(str(root), "root", shared=True))
    assert f"{root} is another user's" in said
    with pytest.raises(Trouble):
        runtime.write(Place(str(root), "root", shared=True), product.table, [])
    assert list(victim.iterdir()) == []


@pytest.mark.parametrize("shared", [False, True])
def test_nor_does_one_below_his_folder(open_path: Path, shared: bool) -> None:
    product, built = app(open_path)
    home = his(open_path / "home")
    said = refused(product, built, Place(f"{home}/apps/root", "root", shared))
    assert f"{home} is another user's" in said
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("shared", [False, True])
def test_nor_one_that_all_may_write_in(open_path: Path, shared: bool) -> None:
    product, built = app(open_path)
    (open_path / "all").mkdir()
    (open_path / "all").chmod(0o777)
    assert "could bend the way" in refused(product, built, Place(f"{open_path}/all/r", "r", shared))


@pytest.mark.parametrize("shared", [False, True])
def test_marks_that_he_has_laid_are_not_gone_by(open_path: Path, shared: bool) -> None:
    product, built = app(open_path)
    root = open_path / "root"
    his_own = root / ".enve"
    root.mkdir()
    his(his_own)
    if shared:
        said = refused(product, built, Place(str(root), "root", shared))
        assert ".enve: wanted a folder that only root or uid 0 may write in" in said
    with pytest.raises(Trouble):
        runtime.write(Place(str(root), "root", shared), product.table, [])
    assert list(his_own.iterdir()) == []


@pytest.mark.parametrize("shared", [False, True])
def test_what_he_has_installed_is_not_taken_for_ours(open_path: Path, shared: bool) -> None:
    """His mark says the hash that ours would, and what lies there is his to change."""
    product, built = app(open_path)

    def lay(home: Path) -> None:
        install.install(product, built, Place(f"{home}/root", "root", shared), CTX)

    root = his(open_path / "home", lay) / "root"
    place = Place(str(root), "root", shared)
    hash_ = install.hash_of(product, built, "root", CTX)
    assert marks.read_hash(place.installed(product.table)) == hash_
    assert not holds(place, product.table, hash_)
    assert "is another user's" in refused(product, built, place)
    for path in (root.parent, root, root / ".enve"):  # ours all but the mark itself
        shutil.chown(path, "root")
    mark = Path(place.installed(product.table))
    shutil.chown(mark.parent, "root")
    assert not holds(place, product.table, hash_)
    shutil.chown(mark, "root")
    assert holds(place, product.table, hash_)


def test_nothing_is_laid_in_a_folder_of_his_within_a_root(open_path: Path) -> None:
    """He would put another one in its place."""
    product, built = app(open_path)
    root = open_path / "root"
    root.mkdir()
    his(root / "opt")
    place = Place(str(root), "root", shared=True)
    assert f"{root}/opt is another user's" in refused(product, built, place)
    assert list((root / "opt").iterdir()) == []
    (root / "opt").chmod(0o1777)
    shutil.chown(root / "opt", "root")
    install.install(product, built, place, CTX)


def test_what_an_owner_has_is_his_next_versions(open_path: Path) -> None:
    found = pwd.getpwnam(HIM)
    place = Place(f"{open_path}/root", "root", shared=True)
    for number in "12":
        (open_path / number).mkdir()
        product, built = app(open_path / number, owner=f"{found.pw_uid}:{found.pw_gid}")
        product.table["version"] = "1." + number
        built = built._replace(hash=hash_of("b", number))
        if number == "2":
            product.table["prefix"] = "/opt/other"
            (Path(built.path) / "opt/app").rename(Path(built.path) / "opt/other")
        install.install(product, built, place, CTX)


@pytest.mark.parametrize("shared", [False, True])
def test_what_is_given_to_him_is_out_of_his_reach_until_it_lies(
    open_path: Path, shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = pwd.getpwnam(HIM)
    product, built = app(open_path, owner=f"{found.pw_uid}:{found.pw_gid}")
    place = Place(f"{open_path}/root/app-1", "w", shared)
    fill = laid.Laying.fill
    seen = []

    def watched(self: laid.Laying, target: str, stored: bool) -> str:
        how = fill(self, target, stored)
        as_user(HIM, lambda: _shut(target))
        seen.append(Path(target, "opt").stat().st_uid)
        return how

    monkeypatch.setattr(laid.Laying, "fill", watched)
    install.install(product, built, place, CTX)
    assert seen == [found.pw_uid]
    assert Path(place.root).stat().st_uid == 0  # else he could take the marks away
    assert Path(place.root, "opt/app/x").stat().st_uid == found.pw_uid


def _shut(path: str) -> None:
    with pytest.raises(PermissionError):
        list(Path(path).iterdir())


def test_a_user_installs_into_his_own(open_path: Path) -> None:
    product, built = app(open_path)
    home = his(open_path / "home")
    for shared in (False, True):  # once here: he may not be able to read what is imported
        install.install(product, built, Place(f"{open_path}/{shared}/root", "root", shared), CTX)

    def work() -> None:
        for shared in (False, True):
            place = Place(f"{home}/{shared}/root", "root", shared)
            hash_ = install.install(product, built, place, CTX)
            assert marks.read_hash(place.installed(product.table)) == hash_

    as_user(HIM, work)
    made = Path(tempfile.mkdtemp(dir="/tmp"))
    shutil.chown(made, HIM)
    try:
        place = Place(str(made), "root", shared=True)
        as_user(HIM, lambda: install.install(product, built, place, CTX))
        assert (made / "opt/app/x").exists()
    finally:
        shutil.rmtree(made)


@pytest.mark.parametrize(("group", "good"), [(HIM, True), ("users", False)])
def test_a_group_of_his_own_may_write(open_path: Path, group: str, good: bool) -> None:
    root = his(open_path / "home", lambda home: (home / "root").mkdir()) / "root"
    shutil.chown(root, HIM, group)
    root.chmod(0o775)

    def work() -> None:
        with contextlib.nullcontext() if good else pytest.raises(Trouble, match="bend the way"):
            os.close(ground.opened(str(root), INSTALL).fd)

    as_user(HIM, work)


def test_no_group_that_others_log_in_with(open_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written with them, and not with the group."""
    found = pwd.getpwnam(HIM)
    root = his(open_path / "home", lambda home: (home / "root").mkdir()) / "root"
    shutil.chown(root, HIM, HIM)
    root.chmod(0o775)
    helper = pwd.struct_passwd(("helper", "x", 4711, found.pw_gid, "", "/", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwall", lambda: [found, helper])
    as_user(HIM, lambda: _bent(root))


def _bent(root: Path) -> None:
    with pytest.raises(Trouble, match="bend the way"):
        ground.opened(str(root), INSTALL)


# -- locks ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("shared", [False, True])
def test_nobody_else_can_hold_it_up(open_path: Path, shared: bool) -> None:
    product, built = app(open_path)
    place = Place(f"{open_path}/spots/app-1", "w", shared)
    install.install(product, built, place, CTX)
    manifest.forget(place.installed(product.table))
    folder = Path(place.root, ".enve/installs") if shared else open_path / "spots"
    holder = _holding(folder)
    try:
        signal.alarm(30)
        install.install(product, built, place, CTX)
    finally:
        signal.alarm(0)
        os.close(holder)
    locks = [path for path in folder.iterdir() if path.name.endswith(".lock")]
    assert [path.stat().st_mode & 0o777 for path in locks] == ([0o600] if shared else [])


def _holding(folder: Path) -> int:
    """He has all locks there that he can have, until this descriptor is closed."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if not pid:
        if not os.fork():
            ours.close()
            as_user(HIM, lambda: _hold(folder, theirs))
        os._exit(0)
    os.waitpid(pid, 0)
    theirs.close()
    assert ours.recv(1) == b"1"
    return ours.detach()


def _hold(folder: Path, end: socket.socket) -> None:
    for path in (folder, *folder.iterdir()):
        with contextlib.suppress(PermissionError):
            fcntl.flock(os.open(path, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)
    end.send(b"1")
    end.recv(1)  # ends with whoever wanted it


@pytest.mark.parametrize("shared", [False, True])
def test_who_waits_says_for_whom(
    open_path: Path, shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    product, built = app(open_path)
    place = Place(f"{open_path}/spots/app-1", "w", shared)
    install.install(product, built, place, CTX)
    manifest.forget(place.installed(product.table))
    monkeypatch.setattr(lock, "PATIENCE", 0.05)
    folder, name = (f"{place.root}/.enve/installs", ".lock")
    if not shared:
        folder, name = f"{open_path}/spots", ".app-1.lock"
    said = open_path / "said"

    def report(line: str) -> None:
        if line.startswith("waiting"):
            said.write_text(line)

    pid = os.fork()
    if not pid:
        with lock.Lock(folder, name, report):
            (open_path / "held").touch()
            until(said.exists, "who waits says so")
        os._exit(0)
    until((open_path / "held").exists, "it is held")
    install.install(product, built, place, CTX._replace(report=report))
    assert os.waitpid(pid, 0)[1] == 0
    does = f"installs into {place.root}" if shared else f"replaces {place.root}"
    assert said.read_text() == f"waiting for pid {pid}, which {does}"
