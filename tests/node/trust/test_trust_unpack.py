"""Products: archives that want more than their folder, and spots whose user lays traps."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import random
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from enve_pm.shell.product.unpack import CAPS, Caps, Unfit, unpack
from enve_pm.shell.state.folder import Folder

FILE, DIR, SYM, LINK = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
Member = tuple[str, bytes, bytes | str, int]


def member(name: str, kind: bytes = FILE, content: bytes | str = b"", mode: int = 0o644) -> Member:
    return (name, kind, content, mode)


def archive(*members: Member, form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, kind, content, mode in members:
            info = tarfile.TarInfo(name)
            info.type, info.mode = kind, mode
            if isinstance(content, str):
                info.linkname = content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


class Room:
    """A folder to unpack into, with something beside it that must stay as it is."""

    def __init__(self, path: Path) -> None:
        self.inside, self.beside = path / "in", path / "beside"
        self.inside.mkdir()
        self.beside.mkdir()
        (self.beside / "secret").write_text("secret")

    def unpack(self, data: bytes, caps: Caps = CAPS) -> None:
        with Folder.open(str(self.inside)) as folder:
            unpack(io.BytesIO(data), folder, caps)

    def refuses(self, data: bytes, why: str | None = None, caps: Caps = CAPS) -> None:
        with pytest.raises(Unfit, match=why):
            self.unpack(data, caps)
        assert [one.name for one in self.beside.iterdir()] == ["secret"]
        assert (self.beside / "secret").read_text() == "secret"


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


GOOD = (
    member("./", DIR),
    member("./bin/", DIR, mode=0o755),
    member("./bin/run", content=b"#!/bin/sh\n", mode=0o755),
    member("deep/er/file", content=b"x" * 70_000),
    member("closed", DIR, mode=0o500),
    member("closed/file", content=b"y", mode=0o400),
    member("link", SYM, "bin/run"),
    member("deep/up", SYM, "../bin"),
    member("deep/er/here", SYM, "./file"),
    member("hard", LINK, "deep/er/file"),
    member("name with blanks and \u00e4", content=b"z"),
    member("a" * 90 + "/" + "b" * 90, content=b"long"),
)


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_good(room: Room, pack: Callable[[bytes], bytes], form: int) -> None:
    room.unpack(pack(archive(*GOOD, form=form)))
    root = room.inside
    assert (root / "bin/run").stat().st_mode & 0o7777 == 0o755
    assert (root / "deep/er/file").read_bytes() == b"x" * 70_000
    assert (root / "hard").stat().st_ino == (root / "deep/er/file").stat().st_ino
    assert (root / "link").read_text() == "#!/bin/sh\n"
    assert (root / "deep/up/run").exists()
    assert (root / "closed").stat().st_mode & 0o777 == 0o700  # its owner can clear it away again
    assert (root / ("a" * 90) / ("b" * 90)).read_bytes() == b"long"


def test_xz_where_python_has_it(room: Room) -> None:
    lzma = pytest.importorskip("lzma") if _has_lzma() else None
    if lzma is None:
        room.refuses(b"\xfd7zXZ\0" + bytes(600))
    else:
        room.unpack(lzma.compress(archive(*GOOD)))


def _has_lzma() -> bool:
    try:
        import lzma
    except ImportError:
        return False
    return bool(lzma)


BAD = {
    "absolute": archive(member("/etc/x", content=b"x")),
    "leads outside": archive(member("../beside/x", content=b"x")),
    "outside, or too deep": archive(member("a/../../beside/x", content=b"x")),
    "absolute or overlong": archive(member("a" * 5000, content=b"x")),
    "too deep": archive(member("a/" * 65 + "x", content=b"x")),
    "setuid": archive(member("x", mode=0o4755)),
    "setgid": archive(member("x", DIR, mode=0o2755)),
    "neither": archive(member("x", tarfile.CHRTYPE)),
    "nor link": archive(member("x", tarfile.FIFOTYPE)),
    "file, folder": archive(member("x", tarfile.BLKTYPE)),
    "stands twice": archive(member("x", content=b"1"), member("x", content=b"2")),
    "twice": archive(member("x", content=b"1"), member("x", SYM, "y")),
    "below a file": archive(member("x", content=b"1"), member("x/y", content=b"2")),
    "a file without a name": archive(member("./", content=b"1")),
    "a link without a name": archive(member(".", SYM, "x")),
    "link that leads outside": archive(member("x", SYM, "../beside")),
    "leads outside ": archive(member("x", SYM, "/etc")),
    "outside": archive(member("a/x", SYM, "../../beside")),
    "outside by the way": archive(member("x", SYM, "a/../..")),
    "empty link": archive(member("x", SYM, "")),
    "link to nothing": archive(member("x", LINK, "y")),
    "to nothing": archive(member("d", DIR), member("x", LINK, "d")),
    "hard link outside": archive(member("x", LINK, "../beside/secret")),
    "hard link through a link": archive(member("l", SYM, "x"), member("h", LINK, "l")),
    "link too long": archive(member("x", SYM, "a" * 5000)),
}


@pytest.mark.parametrize("why", BAD)
def test_bad(why: str, room: Room) -> None:
    room.refuses(BAD[why])


def test_links_made_in_the_archive_are_never_walked(room: Room) -> None:
    for data in (
        archive(member("d", SYM, "."), member("d/x", content=b"x")),
        archive(member("d", SYM, "e"), member("e", DIR), member("d/x", content=b"x")),
    ):
        with pytest.raises(Unfit, match="twice"):
            room.unpack(data)
        assert not any(path.is_symlink() for path in room.inside.rglob("*"))
        with Folder.open(str(room.inside.parent)) as above:
            above.remove("in")
        room.inside.mkdir()


def test_a_chain_of_links_stays_inside(room: Room) -> None:
    """Each leads inside by its text; together they must too."""
    room.unpack(
        archive(
            member("a/b/c/", DIR),
            member("s1", SYM, "a/b"),
            member("a/s2", SYM, "../s1/c"),
            member("a/b/s3", SYM, "../../a/s2"),
        )
    )
    root = room.inside.resolve()
    for path in room.inside.rglob("*"):
        assert path.resolve().is_relative_to(root)
    room.refuses(archive(member("x/y/s4", SYM, "../../s1/../../beside")), "outside")


def test_caps(room: Room) -> None:
    many = archive(*(member(f"{n}") for n in range(11)))
    room.refuses(many, "10 members", CAPS._replace(members=10))
    large = archive(member("x", content=bytes(600)), member("y", content=bytes(600)))
    room.refuses(large, "1000 bytes", CAPS._replace(size=1000))
    assert not (room.inside / "y").exists()


def test_a_size_that_lies_writes_no_more_than_it_may(room: Room) -> None:
    bomb = gzip.compress(archive(member("x", content=bytes(10 << 20))))
    room.refuses(bomb, "bytes", CAPS._replace(size=1 << 20))
    assert sum(path.stat().st_size for path in room.inside.iterdir()) == 0


def test_one_that_takes_more_memory_than_there_is(room: Room) -> None:
    """Headers are read whole: a small archive can claim, and compress, a very large one."""

    class Large(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise MemoryError

    with Folder.open(str(room.inside)) as folder, pytest.raises(Unfit, match="more memory"):
        unpack(Large(), folder)


def test_every_kind_of_damage(room: Room) -> None:
    data = archive(*GOOD)
    chance = random.Random(1)
    for pack in (bytes, gzip.compress):
        good = pack(data)
        for _ in range(60):
            bad = bytearray(good[: chance.randrange(1, len(good))])
            for _ in range(chance.randrange(3)):
                bad[chance.randrange(len(bad))] = chance.randrange(256)
            folder = room.inside / f"{pack.__name__}{chance.random()}"
            folder.mkdir()
            with Folder.open(str(folder)) as inside:
                try:
                    unpack(io.BytesIO(bytes(bad)), inside)
                except (Unfit, OSError):
                    continue
    assert [one.name for one in room.beside.iterdir()] == ["secret"]
    room.refuses(b"", "archive")
    room.refuses(b"not a tar at all" * 100, "archive")


def test_removing_follows_nothing(tmp_path: Path) -> None:
    room = Room(tmp_path)
    tree = room.inside / "tree" / "deep"
    tree.mkdir(parents=True)
    (tree / "link").symlink_to(room.beside)
    (tree / "file").write_text("x")
    tree.chmod(0o500)
    os.mkfifo(room.inside / "tree" / "pipe")
    with Folder.open(str(room.inside)) as folder:
        folder.remove("tree")
        folder.remove("tree")
        with pytest.raises(OSError, match=r"directory|symbolic"):
            (room.inside / "s").symlink_to(room.beside)
            folder.reach(["s", "x"])
        (room.inside / "s").unlink()
    assert list(room.inside.iterdir()) == []
    assert stat.S_ISREG((room.beside / "secret").stat().st_mode)
