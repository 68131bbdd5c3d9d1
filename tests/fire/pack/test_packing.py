"""What a package holds, and that it is the same to the byte whoever packs it."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.forked import as_user
from tests.support.packages import EPOCH, artifact, built, made, package

from enve_fire.core import package as packages
from enve_fire.core.trouble import INPUT, MISSING, USAGE, Trouble
from enve_fire.pack import session

SU = {"install": {"setuid": ["/opt/tool/bin/su"], "owner": "12:34"}}


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that another user reaches."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


def _members(path: Path) -> list[tarfile.TarInfo]:
    with tarfile.open(path) as archive:
        return archive.getmembers()


def test_it_says_first_what_it_is(tmp_path: Path) -> None:
    product = built(setup={"files": [], "run": ["secret"]}, run={"cmd": ["x"]})
    packed = made(product, artifact(tmp_path / "tree"), tmp_path)
    assert packed.path == str(tmp_path / f"{package(product).name}.tar.gz")
    assert package(product).name.startswith("tool-1.0-linux-x86_64-")
    with tarfile.open(packed.path) as archive:
        first = archive.next()
        assert first is not None
        assert first.name == packages.MEMBER
        reader = archive.extractfile(first)
        assert reader is not None
        said = packages.read(reader.read())
    assert said == package(product)
    assert "setup" not in said.table
    assert "run" not in said.table


def _with_local_deps(folder: Path) -> bytes:
    """The first member of the package of what needs two others beside it, packed in a folder."""
    dep = {"enve": 1, "title": "liba", "prefix": "/opt/liba", "setup": {"run": ["secret"]}}
    rows = [{"url": f"{kind}://{folder}/liba", "table": dep} for kind in ("file", "git+file")]
    return package(built(deps={"run": rows})).data()


def test_where_a_dep_lay_is_no_part_of_a_package() -> None:
    one, two = (_with_local_deps(Path(folder)) for folder in ("/home/me", "/srv/you"))
    assert one == two
    assert b'"local:liba"' in one
    assert b"/liba" not in one.replace(b"/opt/liba", b"")
    assert b"secret" not in one
    packages.read(one)


def test_members_are_sorted_and_say_nothing_of_who_made_them(tmp_path: Path) -> None:
    packed = made(built(**SU), artifact(tmp_path / "tree"), tmp_path / "p.tar.gz")
    members = _members(Path(packed.path))
    names = [member.name.encode() for member in members[1:]]
    assert names == sorted(names)
    assert {(member.uid, member.gid) for member in members[1:]} == {(12, 34)}
    assert {member.uname + member.gname for member in members} == {""}
    by = {member.name: member for member in members}
    assert by["opt/tool/bin/su"].mode == 0o4555
    assert by["opt/tool/bin/tool"].mode == 0o755 or by["opt/tool/bin/tool"].islnk()
    assert by["opt/tool/bin/tool"].linkname == "opt/tool/bin/again"
    assert by["opt/tool/link"].linkname == "bin/tool"
    assert by["opt/tool/old"].mtime == 1_000_000_000
    assert {m.mtime for n, m in by.items() if n != "opt/tool/old"} == {EPOCH}
    assert "atime" not in by["opt/tool/old"].pax_headers


def test_gnu_tar_reads_it(tmp_path: Path) -> None:
    packed = made(built(), artifact(tmp_path / "tree"), tmp_path / "p.tar.xz")
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(["tar", "-xf", packed.path, "-C", out], check=True)
    assert (out / "opt/tool/häß lich").read_text() == "no ASCII"
    assert (out / "opt/tool" / ("long" * 50)).read_text() == "a long name"
    assert (out / "opt/tool/bin/again").samefile(out / "opt/tool/bin/tool")


@pytest.mark.parametrize("end", packages.ENDS)
def test_twice_the_same_bytes(tmp_path: Path, end: str) -> None:
    trees = [artifact(tmp_path / name) for name in ("one", "another/place")]
    files = [Path(made(built(), tree, tmp_path / f"{tree.name}{end}").path) for tree in trees]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert oct(files[0].stat().st_mode) == oct(0o100666 & ~_umask())


def test_what_is_hashed_is_the_archive_within(tmp_path: Path) -> None:
    packed = made(built(), artifact(tmp_path / "tree"), tmp_path / "p.tar.gz")
    data = gzip.decompress(Path(packed.path).read_bytes())
    assert packed.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("owner", ["", "0:0", "12:34"])
def test_whoever_packs_it_and_however(open_folder: Path, owner: str) -> None:
    """Root; another user by fakeroot, by a namespace where he may have one, by a map; with another
    umask, in another folder."""
    product = built(install={"setuid": ["/opt/tool/bin/su"], "owner": owner})
    ways = {"map"}

    def other() -> None:
        tree = artifact(open_folder / "his/tree")
        os.umask(0o077)
        for way in session.WAYS:
            try:
                packed = made(product, tree, open_folder / f"his-{way}.tar.gz", way)
                assert way in (packed.way, "auto")
            except Trouble as trouble:
                assert way in ("root", "userns")
                assert trouble.code == MISSING

    sums = [made(product, artifact(open_folder / "root"), open_folder / "r.tar.gz").sha256]
    sums.append(made(product, open_folder / "root", open_folder / "m.tar.gz", "map").sha256)
    as_user("daemon", other)
    for path in open_folder.glob("his-*.tar.gz"):
        ways.add(path.name[4:-7])
        sums.append(hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest())
    assert len(set(sums)) == 1
    assert {"auto", "fakeroot", "map"} <= ways


def test_a_folder_that_somebody_works_in(tmp_path: Path) -> None:
    """Its times and the umask of who made it say nothing."""
    product = built(source="tree:" + "a" * 32)
    one, other = artifact(tmp_path / "one", 0o077), artifact(tmp_path / "other", 0o002)
    os.utime(other / "opt/tool/old", (EPOCH, EPOCH))
    sums = {made(product, tree, tmp_path / "p.tar.gz").sha256 for tree in (one, other)}
    assert len(sums) == 1


def test_what_is_not_built_lies_at_its_prefix(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/index.js").write_text("1")
    product = built(build={"run": []}, source="sha256:" + "a" * 64)
    packed = made(product, tmp_path / "src", tmp_path / "p.tar.gz")
    names = [member.name for member in _members(Path(packed.path))]
    assert names == [packages.MEMBER, "opt", "opt/tool", "opt/tool/index.js"]
    assert package(product).name.startswith("tool-1.0-any-")


def test_a_capability_is_kept_and_nothing_else(tmp_path: Path) -> None:
    tree = artifact(tmp_path / "tree")
    subprocess.run(["setcap", "cap_net_raw+ep", tree / "opt/tool/bin/su"], check=True)
    os.setxattr(tree / "opt/tool/a-b", "user.note", b"mine")
    packed = made(built(), tree, tmp_path / "p.tar.gz")
    headers = {m.name: m.pax_headers for m in _members(Path(packed.path)) if m.pax_headers}
    kept = headers["opt/tool/bin/su"]["SCHILY.xattr.security.capability"]
    assert kept.encode("utf-8", "surrogateescape") == os.getxattr(
        tree / "opt/tool/bin/su", "security.capability"
    )
    assert not any("user" in key for one in headers.values() for key in one)
    out = tmp_path / "out"
    out.mkdir()
    xattrs = ["--xattrs", "--xattrs-include=*"]
    subprocess.run(["tar", *xattrs, "-xf", packed.path, "-C", out], check=True)
    told = subprocess.run(["getcap", out / "opt/tool/bin/su"], check=True, stdout=subprocess.PIPE)
    assert b"cap_net_raw" in told.stdout


def test_errors_leave_no_file(tmp_path: Path) -> None:
    tree = artifact(tmp_path / "tree")
    with pytest.raises(Trouble, match=r"ends in one of") as usage:
        made(built(), tree, tmp_path / "p.zip")
    assert usage.value.code == USAGE
    wrong = built(install={"setuid": ["/opt/tool/nothing"]})
    for way in ("auto", "fakeroot"):
        with pytest.raises(Trouble, match="no file /opt/tool/nothing"):
            made(wrong, tree, tmp_path / "p.tar.gz", way)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tree"]
    with pytest.raises(Trouble) as deep:
        shutil.rmtree(tree)
        folder = tree
        for _ in range(140):
            folder = folder / "d"
        folder.mkdir(parents=True)
        made(built(), tree, tmp_path / "p.tar.gz")
    assert deep.value.code == INPUT


def _umask() -> int:
    old = os.umask(0)
    os.umask(old)
    return old
