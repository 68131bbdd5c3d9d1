"""What an archive of a root brings is of use inside of it only, and unpacking it costs little."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import zlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import Box
from tests.support.rooms import OWN, archive, enter, inside, mounted, subroot

pytestmark = [
    pytest.mark.real,
    pytest.mark.host,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs folders of several users"),
]
AS_DAEMON = ("setpriv", "--reuid=daemon", "--regid=daemon", "--clear-groups", "--")


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    for above in (tmp_path, *tmp_path.parents):
        if str(above) not in ("/", "/tmp"):
            above.chmod(0o755)
    with Box(tmp_path, around=OWN) as box:
        (box.home).chmod(0o711)
        (box.home / "spots").chmod(0o711)
        yield box


def with_setuid(box: Box) -> dict[str, Any]:
    tool = box.home.parent / "tree/bin/id"
    tool.parent.mkdir(parents=True)
    shutil.copy("/usr/bin/id", tool)
    tool.chmod(0o4755)
    return archive(box)


def ran(box: Box, *command: str) -> str:
    words = [*enter(box), *AS_DAEMON, "sh", "-c", 'exec "$0" "$@"', *command]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout


def test_nobody_passes_to_its_setuid_programs(box: Box) -> None:
    product = with_setuid(box)
    box.load(subroot("root", "tar", product=product))
    spot = box.home / "spots/root"
    for tree in ("root", f".tree-{product['sha256'][:16]}"):
        tool = box.root() / f"{spot}/{tree}/bin/id"[1:]
        assert tool.stat().st_mode & 0o4000
        assert ran(box, f"{spot}/{tree}/bin/id", "-u") == ""


def test_without_setuid_they_have_no_rights_wherever_it_stands(box: Box) -> None:
    at = box.home.parent / "at"
    product = with_setuid(box)
    box.load(subroot("root", "tar", at=str(at), product=product))
    assert ran(box, f"{at}/bin/id", "-u") == "0\n"
    box.load(subroot("root", "tar", at=str(at), product=product, setuid=False))
    assert ran(box, f"{at}/bin/id", "-u") == "1\n"


def test_an_overlay_takes_no_ban_away(box: Box) -> None:
    lower = box.home.parent / "lower"
    lower.mkdir()
    inside(box, "mount", "-t", "tmpfs", "-o", "nosuid,noexec,nodev", "stick", str(lower))
    box.load(subroot("root", "overlay", lower=[str(lower)]))
    at = str(box.home)  # which may lie on an overlay itself, and be shown by binds of parts of it
    overlays = [one for one in mounted(box) if (one.kind, one.root) == ("overlay", "/")]
    (found,) = [one for one in overlays if one.at.startswith(at)]
    assert {"nosuid", "noexec", "nodev"} <= found.options


def test_a_header_that_swells_is_refused(box: Box) -> None:
    size = 288 << 20
    head = tarfile.TarInfo("././@LongLink")
    head.type, head.size = tarfile.GNUTYPE_LONGNAME, size
    packer = zlib.compressobj(1, wbits=31)
    parts = [packer.compress(head.tobuf(tarfile.GNU_FORMAT))]
    parts += [packer.compress(bytes(1 << 24)) for _ in range(size >> 24)]
    parts += [packer.compress(tarfile.TarInfo("a").tobuf()), packer.flush()]
    data = b"".join(parts)
    blob = sha256(data).hexdigest()
    (box.home / "store" / blob).write_bytes(data)
    product = {"kind": "tar", "sha256": blob, "size": len(data)}
    box.load({**subroot("root", "tar", product=product), "restart": "never"}, status=3)
    assert "takes more memory than it may" in box.unit("root")["detail"]
    assert not list((box.home / "spots/root").glob(".tree-*")), "nothing of it stays"
