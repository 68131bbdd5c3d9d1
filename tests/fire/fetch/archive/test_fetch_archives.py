"""Archives of strangers: what of them becomes a folder, and what is refused."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support import packages
from tests.support.fetching import Fetcher
from tests.support.packed import PACKERS, folder, hard, link, member, tar, tree, zipped

from enve_fire.core import url as urls
from enve_fire.core.trouble import BUSY, CHECKOUT, Trouble
from enve_fire.fetch import readers
from enve_fire.fetch.archive import archive, decode, kinds, unpacked
from enve_fire.fetch.archive.view import View
from enve_fire.tree import pace

ANY = "."
ROWS = (
    folder("a"),
    ("a/x", b"1"),
    ("a/run", b"#!", {"mode": 0o4777}),
    folder("a/s", 0o2777),
    ("a/s/y", b"2" * 70_000),
    link("a/s/up", "../x"),
    link("a/self", "."),
    hard("a/h", "a/x"),
)
FOUND = {
    "h": b"1",
    "run": b"#!",
    "s": None,
    "s/up": "->../x",
    "s/y": b"2" * 70_000,
    "self": "->.",
    "x": b"1",
}


def unpack(data: bytes, at: Path, view: View | None = None, most: int = 1 << 30) -> Path:
    out = at / f"out{len(list(at.iterdir()))}"
    out.mkdir()
    (at / "file").write_bytes(data)
    unpacked.unpack(str(at / "file"), str(out), view or View(), most, "it")
    return out


def refused(data: bytes, at: Path, text: str, view: View | None = None) -> Trouble:
    with pytest.raises(Trouble, match=text) as error:
        unpack(data, at, view)
    assert error.value.code == CHECKOUT
    assert error.value.message.startswith("it: ")
    return error.value


@pytest.mark.parametrize("packer", PACKERS)
def test_every_way_to_pack(packer: str, tmp_path: Path, fetcher: Fetcher) -> None:
    file = tmp_path / f"a-1.0.{packer}"
    file.write_bytes(PACKERS[packer](tar(*ROWS)))
    found = fetcher(str(file))
    assert tree(Path(found.path)) == FOUND
    modes = {name: os.lstat(f"{found.path}/{name}").st_mode & 0o7777 for name in ("run", "s", "x")}
    assert modes == {"run": 0o555, "s": 0o755, "x": 0o444}
    assert fetcher(str(file)) == found
    assert found.entry.endswith("-a-1.0")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_zip(method: int, tmp_path: Path, fetcher: Fetcher) -> None:
    file = tmp_path / "a.zip"
    rows = (("a/", b""), ("a/x", b"1"), ("a/run", b"2", 0o104777), ("a/l", b"x", 0o120777))
    file.write_bytes(zipped(*rows, compression=method))
    found = Path(fetcher(str(file)).path)
    assert tree(found) == {"l": "->x", "run": b"2", "x": b"1"}
    assert stat.S_IMODE((found / "run").stat().st_mode) == 0o555
    assert fetcher(str(file)).epoch == 1_000_000_000


def test_a_local_archive_that_changes_is_another_one(tmp_path: Path, fetcher: Fetcher) -> None:
    file = tmp_path / "a.tar"
    file.write_bytes(tar(("a/x", b"1")))
    first = fetcher(str(file))
    file.write_bytes(tar(("a/x", b"2")))
    assert tree(Path(fetcher(str(file)).path)) == {"x": b"2"}
    file.unlink()
    assert fetcher(first.pinned.text).source == first.source
    with pytest.raises(Trouble, match="No such file"):
        fetcher(str(file))
    os.mkfifo(file)
    with pytest.raises(Trouble, match="wanted a file"):
        fetcher(str(file))


def test_an_archive_that_is_written_to_meanwhile(
    tmp_path: Path, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "PATIENCE", 0)
    file = tmp_path / "a.tar"
    file.write_bytes(tar(("a/x", b"1" * (3 << 20))))
    changed = []

    def report(line: str) -> None:
        if "hash of" in line and not changed:
            changed.append(file.write_bytes(tar(("a/x", b"2"))))

    with pytest.raises(Trouble, match="changes while") as error:
        fetcher(str(file), report=report)
    assert error.value.code == BUSY


EVIL = ((".enve/pkg.json", b"{}"), ("bin/rootid", b"#!", {"mode": 0o4755}))


@pytest.mark.parametrize("pinned", [False, True])
def test_another_archive_under_its_name_once_it_was_looked_at(
    tmp_path: Path, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch, *, pinned: bool
) -> None:
    file, evil, data = tmp_path / "a.tar", tmp_path / "evil", tar(("a/x", b"1"))
    file.write_bytes(data)
    evil.write_bytes(tar(*EVIL))
    real = kinds.is_package

    def is_package(*words: str) -> bool:
        found = real(*words)
        evil.replace(file)
        return found

    monkeypatch.setattr(readers, "everybody", lambda _: True)  # though tests lie in a closed folder
    monkeypatch.setattr(kinds, "is_package", is_package)
    sha = hashlib.sha256(data).hexdigest()
    found = fetcher(f"file://{file}" + f"#sha256={sha}" * pinned)
    assert not evil.exists()
    assert (tree(Path(found.path)), found.source) == ({"x": b"1"}, "sha256:" + sha)
    assert not list((tmp_path / "store").glob("*/.tmp.*"))


def test_a_package_is_not_unpacked_where_others_enter(tmp_path: Path) -> None:
    refused(tar(*EVIL), tmp_path, "a package, which is unpacked where nobody else can enter")


def test_what_a_link_leads_to_is_as_hidden_as_it_is(fetcher: Fetcher) -> None:
    """Whoever may write there could put a link to a secret of ours."""
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        file, secret = Path(name) / "a.tar", Path(name) / "secret" / "b.tar"
        secret.parent.mkdir(0o700)
        Path(name).chmod(0o755)
        secret.write_bytes(tar(("a/x", b"secret")))
        file.symlink_to(secret)
        patch.setattr(readers, "private", lambda *_: False)  # what it led to a moment ago
        assert fetcher(str(file)).private
        brought = archive.bring(urls.parse(str(file)), fetcher.store, fetcher.how())
        assert "-private-download/" in brought.path
        secret.parent.chmod(0o755)
        secret.write_bytes(tar(("a/x", b"public")))
        assert not fetcher(str(file)).private


def test_the_file_of_a_local_archive_is_a_copy(tmp_path: Path, fetcher: Fetcher) -> None:
    file, data = tmp_path / "a.tar", tar(("a/x", b"1"))
    file.write_bytes(data)
    url = urls.parse(str(file))
    brought = archive.bring(url, fetcher.store, fetcher.how())
    assert archive.bring(url, fetcher.store, fetcher.how()) == brought
    file.write_bytes(b"other")
    assert Path(brought.path).read_bytes() == data
    assert brought.path.startswith(str(tmp_path / "store"))


def test_strip_and_subdir(tmp_path: Path) -> None:
    rows = (("a/b/x", b"1"), ("a/b/c/y", b"2"), ("a/z", b"3"))
    data = tar(*rows)
    assert tree(unpack(data, tmp_path, View(1, "b/c"))) == {"y": b"2"}
    assert tree(unpack(data, tmp_path, View(0)))["a/b/c/y"] == b"2"
    assert tree(unpack(tar(*rows[:2]), tmp_path, View(2))) == {"c": None, "c/y": b"2", "x": b"1"}
    assert "strip to 0" in refused(data, tmp_path, "'a/z' does not lie below one", View(2)).hint
    refused(tar(*rows, ("README", b"")), tmp_path, "'README' does not lie below one folder")
    refused(tar(*rows, ("b/x", b"")), tmp_path, "'b/x' does not lie below one folder")
    refused(data, tmp_path, "nothing is in it below q", View(1, "q"))
    refused(data, tmp_path, "a file without a name", View(1, "z"))
    refused(tar(folder("a")), tmp_path, "nothing is in it")
    assert tree(unpack(tar(folder("./a/"), ("./a/x", b"1")), tmp_path)) == {"x": b"1"}


def test_one_archive_is_several_sources_by_how_it_is_seen(tmp_path: Path, fetcher: Fetcher) -> None:
    file = tmp_path / "a.tar"
    file.write_bytes(tar(("a/b/x", b"1")))
    views = ({}, {"strip": 0}, {"subdir": "b"}, {"strip": 2})
    found = [fetcher(str(file), **how) for how in views]
    assert len({one.source for one in found}) == len({one.entry for one in found}) == len(views)
    assert all(one.source.startswith(found[0].source) for one in found)


def test_links_that_lead_inside_are_kept(tmp_path: Path) -> None:
    rows = (
        ("a/s/x", b"1"),
        link("a/top", "../a/s/x"),
        link("a/s/t/deep", "../../../a/s"),
        link("a/s/to", "./x"),
        link("a/gone", "nowhere"),
        hard("a/h", "./a/s/x"),
    )
    found = unpack(tar(*rows), tmp_path)
    assert tree(found) == {
        "gone": "->nowhere",
        "h": b"1",
        "s": None,
        "s/t": None,
        "s/t/deep": "->../../s",
        "s/to": "->./x",
        "s/x": b"1",
        "top": "->s/x",
    }
    assert (found / "top").read_bytes() == b"1"
    assert os.path.samefile(found / "s/t/deep", found / "s")  # noqa: PTH121


OUTSIDE = {
    "dots": tar(("a/../../x", b"")),
    "absolute": tar(("/a/x", b"")),
    "link": tar(link("a/l", "../../etc/passwd")),
    "absolute link": tar(link("a/l", "/etc/passwd")),
    "beside": tar(("a/x", b""), link("a/l", "../b")),
    "through": tar(folder("a/s"), link("a/l", "s/../../../etc")),
    "hard": tar(hard("a/h", "../x")),
    "hard absolute": tar(hard("a/h", "/etc/passwd")),
    "hard to nothing": tar(hard("a/h", "a/x")),
    "hard to a folder": tar(folder("a/s"), hard("a/h", "a/s")),
    "below a link": tar(link("a/l", "."), ("a/l/x", b"")),
    "below a file": tar(("a/x", b""), ("a/x/y", b"")),
    "twice": tar(("a/x", b""), ("a/x", b"")),
    "over a link": tar(("a/y", b""), link("a/x", "y"), ("a/x", b"")),
    "device": tar(member("a/d", type=tarfile.BLKTYPE, devmajor=8)),
    "pipe": tar(member("a/p", type=tarfile.FIFOTYPE)),
    "long": tar(("a/" + "n" * 300, b"")),
    "deep": tar(("a/" * 70 + "x", b"")),
    "sparse": tar(member("a/s", type=tarfile.GNUTYPE_SPARSE)),
    "zip dots": zipped(("a/../../x", b"")),
    "zip absolute": zipped(("/x", b"")),
    "zip link": zipped(("a/l", b"../../x", 0o120777)),
    "zip pipe": zipped(("a/p", b"", 0o010644)),
    "zip nul": zipped(("a/x_y", b"")).replace(b"a/x_y", b"a/x\0y"),
    "zip method": zipped(("a/x", b""), compression=zipfile.ZIP_BZIP2),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_leads_outside_or_is_odd_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    refused(OUTSIDE[name], tmp_path / "t", ANY, View(0 if name == "zip absolute" else 1))
    assert [one.name for one in tmp_path.iterdir()] == ["t"]


def test_an_encrypted_zip(tmp_path: Path) -> None:
    data = bytearray(zipped(("a/x", b"1")))
    data[data.index(b"PK\1\2") + 8] |= 1
    refused(bytes(data), tmp_path, "encrypted")


def pax(size: int) -> bytes:
    head = member("x", type=tarfile.XHDTYPE, size=size)
    return head.tobuf(tarfile.GNU_FORMAT) + b"\0" * 4096


def test_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = tar(*[(f"a/{n}", b"") for n in range(40)])
    monkeypatch.setattr("enve_fire.fetch.archive.foreign.MEMBERS", 30)
    refused(many, tmp_path, "more than 30 members")
    refused(zipped(*[(f"a/{n}", b"") for n in range(40)]), tmp_path, "more than 30 members")
    wide = tar(*[("/".join(["a", *[str(n)] * 12, "x"]), b"") for n in range(9)])
    refused(wide, tmp_path, "more than 30 folders")
    with pytest.raises(Trouble, match="more than 1000 bytes"):
        unpack(gzip.compress(tar(("a/x", bytes(10_000)))), tmp_path, most=1000)
    with pytest.raises(Trouble, match="more than 1000 bytes"):  # what is left out counts too
        unpack(tar(("a/x", bytes(10_000)), ("a/b/y", b"")), tmp_path, View(1, "b"), most=1000)
    with pytest.raises(Trouble, match="more than 1000 bytes"):
        unpack(zipped(("a/x", bytes(10_000))), tmp_path, most=1000)
    refused(pax(1 << 40), tmp_path, "a header of 1099511627776 bytes")
    refused(pax(2 << 20), tmp_path, "a header of")
    table = bytearray(zipped(("a/x", b"")))
    at = table.index(b"PK\5\6") + 12
    table[at : at + 4] = (0xFFFFFF0).to_bytes(4, "little")
    refused(bytes(table), tmp_path, "list of members|not a whole zip")


def test_a_link_of_many_bytes_takes_no_memory(tmp_path: Path) -> None:
    refused(zipped(("a/l", b"x" * 100_000, 0o120777)), tmp_path, "too long")


def test_a_header_with_a_size_below_zero(tmp_path: Path) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(member("a/x", size=0, pax_headers={"size": "-600"}))
    refused(data.getvalue(), tmp_path, "below zero|not a|nothing is in it")  # by version


# -- cut, and damaged ------------------------------------------------------------------------------
SMALL = tar(folder("a"), ("a/x", bytes(range(256)) * 8), ("a/y", b"2"), link("a/l", "x"))
ALL = {name: pack(SMALL) for name, pack in PACKERS.items()} | {
    "zip": zipped(("a/x", bytes(range(256)) * 8), ("a/y", b"2"))
}


@pytest.mark.parametrize("name", ALL)
def test_an_archive_that_is_cut_anywhere_is_refused(name: str, tmp_path: Path) -> None:
    """Of a plain tar archive what follows the mark of its end is of no use: that may be cut."""
    data = ALL[name]
    end = SMALL.rindex(b"ustar") + 512 if name == "tar" else len(data)
    step = 61 if name == "tar.zst" else 13
    for at in [*range(0, end, step), end - 1]:
        refused(data[:at], tmp_path, ANY)
    if name == "tar":
        refused(data[:end], tmp_path, "cut short")


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("tar", "zip")])
def test_what_follows_an_archive(name: str, tmp_path: Path) -> None:
    data = ALL[name]
    if name != "tar.zst":
        assert tree(unpack(data + bytes(512), tmp_path))["y"] == b"2"
    refused(data + b"something", tmp_path, "follows|compressed wrongly")
    half = len(SMALL) // 1024 * 512
    two = PACKERS[name](SMALL[:half]) + PACKERS[name](SMALL[half:])
    assert tree(unpack(two, tmp_path))["y"] == b"2"


def test_many_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "STREAMS", 100)
    refused(gzip.compress(SMALL) + gzip.compress(b"") * 101, tmp_path, "compressed streams")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(set(ALL) - {"tar.zst"})), st.data())
def test_damage_ends_in_a_refusal_or_changes_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    packed = bytearray(ALL[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(packed) - 1))
        packed[at] = data.draw(st.integers(0, 255))
    base = tmp_path_factory.mktemp("damaged")
    (base / "t").mkdir()
    try:
        unpack(bytes(packed), base / "t", View(data.draw(st.integers(0, 1))))
    except Trouble as trouble:
        assert trouble.code == CHECKOUT
    assert [one.name for one in base.iterdir()] == ["t"]


# -- packages --------------------------------------------------------------------------------------
def test_a_package_keeps_setuid_and_owners_where_nobody_can_run_it(
    tmp_path: Path, fetcher: Fetcher
) -> None:
    tmp_path.chmod(0o755)
    file = tmp_path / "p.tar.gz"
    owner = {"uid": 2, "gid": 3} if os.geteuid() == 0 else {}
    rows = (
        (".enve/pkg.json", b"{}"),
        ("opt/p/bin", b"#!", {"mode": 0o4755, **owner}),
        folder("opt/p/tmp", 0o1777),
    )
    file.write_bytes(PACKERS["tar.gz"](tar(*rows)))
    found = fetcher(str(file))
    assert found.private
    assert tree(Path(found.path)) == {
        ".enve": None,
        ".enve/pkg.json": b"{}",
        "opt": None,
        "opt/p": None,
        "opt/p/bin": b"#!",
        "opt/p/tmp": None,
    }
    state = Path(found.path, "opt/p/bin").stat()
    assert stat.S_IMODE(state.st_mode) == 0o4555
    if owner:
        assert (state.st_uid, state.st_gid) == (2, 3)
    assert stat.S_IMODE(Path(found.path, "opt/p/tmp").stat().st_mode) == 0o755
    assert stat.S_IMODE(Path(found.path).parent.stat().st_mode) == 0o700
    assert fetcher(str(file)) == found


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone gives owners and capabilities")
def test_what_makepkg_made_comes_out_as_it_went_in(tmp_path: Path, fetcher: Fetcher) -> None:
    able = bytes.fromhex("0100000200040000000000000000000000000000")  # cap_net_bind_service=ep
    root = packages.artifact(tmp_path / "tree")
    os.setxattr(root / "opt/tool/bin/tool", "security.capability", able)
    (root / "opt/tool/absolute").symlink_to("/opt/tool/bin/tool")
    product = packages.built(install={"setuid": ["/opt/tool/bin/su"], "owner": "12:34"})
    packed = packages.made(product, root, tmp_path / "tool.tar.gz")
    found = fetcher(str(packed.path), strip=7)
    here = tree(Path(found.path))
    assert here.pop(".enve/pkg.json")
    assert here.pop(".enve") is None
    assert here == tree(root)
    su = Path(found.path, "opt/tool/bin/su").stat()
    assert (stat.S_IMODE(su.st_mode), su.st_uid, su.st_gid) == (0o4555, 12, 34)
    tool = Path(found.path, "opt/tool/bin/tool")
    assert os.getxattr(tool, "security.capability") == able
    assert tool.stat().st_nlink == 2
    assert found.epoch == packages.EPOCH


def test_what_only_looks_like_a_package(tmp_path: Path, fetcher: Fetcher) -> None:
    file = tmp_path / "p.tar"
    file.write_bytes(tar(("a/x", b"", {"mode": 0o4755}), ("a/.enve/pkg.json", b"{}")))
    found = fetcher(str(file))
    assert stat.S_IMODE(Path(found.path, "x").stat().st_mode) == 0o555
