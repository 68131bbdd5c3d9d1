"""Files that are not what was signed: refused whole, wherever they went wrong."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.forger import Forger, line
from tests.support.pmnode import PmNode
from tests.support.site import SPOTS, VARS, Site

pytestmark = pytest.mark.real
WANTED = b"what was signed"
NAME = hashlib.sha256(WANTED).hexdigest()


def asked(site: Site, size: int = len(WANTED), name: str = NAME) -> dict[str, object]:
    """The node's answer to a plan that names this file."""
    forger = Forger(site)
    files = {"app": {"sha256": name, "size": size, "mode": 0o644}}
    plan = forger.next(spots={"extra": line("extra", files=files)})
    return site.pm("n1").send(forger.stream(plan))


def another_content(path: Path) -> None:
    path.write_bytes(WANTED[:-1] + b"?")


def longer(path: Path) -> None:
    path.write_bytes(WANTED + b"?")


def symlink(path: Path) -> None:
    real = path.with_name("real")
    real.write_bytes(WANTED)
    path.symlink_to(real)


def second_link(path: Path) -> None:
    real = path.with_name("real")
    real.write_bytes(WANTED)
    os.link(real, path)


def fifo(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


def nothing(path: Path) -> None:
    pass


PLANTED = [another_content, longer, symlink, second_link, fifo, folder, nothing]


def clear(pm: PmNode) -> None:
    for path in pm.inbox.iterdir():
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


@pytest.mark.parametrize("plant", PLANTED)
def test_what_lies_in_the_inbox_is_not_what_was_signed(
    site: Site, plant: Callable[[Path], None]
) -> None:
    pm = site.pm("n1")
    clear(pm)
    plant(pm.inbox / NAME)
    try:
        with site.unchanged():
            ack = asked(site)
    finally:
        clear(pm)
    assert (ack["verdict"], ack["code"]) == ("rejected", "blob"), ack
    assert NAME[:16] in str(ack["reason"])


def test_a_file_that_changes_while_it_is_copied_is_taken_right_or_not_at_all(site: Site) -> None:
    pm, size = site.pm("n1"), 24 << 20
    name = hashlib.sha256(bytes(size)).hexdigest()
    path, over = pm.inbox / name, threading.Event()
    clear(pm)
    path.write_bytes(bytes(size))

    def scribble() -> None:
        with path.open("r+b", buffering=0) as stream:
            while not over.is_set():
                for byte in (b"!", b"\0"):
                    stream.seek(size - 1)
                    stream.write(byte)

    writer = threading.Thread(target=scribble)
    writer.start()
    try:
        ack = asked(site, size, name)
    finally:
        over.set()
        writer.join()
        clear(pm)
    if ack["verdict"] == "rejected":
        assert ack["code"] == "blob", ack
        assert not (pm.home / "store" / name).exists()
    else:
        assert (pm.home / "spots/extra/app").read_bytes() == bytes(size)
    site.march()


def test_a_file_that_changes_on_the_controller_is_refused_by_the_nodes(site: Site) -> None:
    """The plan is rendered, and the nodes are not reached yet: then the file becomes another."""
    product = site.lab.folder / "product.tar"
    with tarfile.open(product, "w") as tar:
        member = tarfile.TarInfo("big")
        member.size = 3 << 20
        tar.addfile(member, io.BytesIO(bytes(member.size)))
    spots = {**SPOTS, "*.extra": {"run": "sleep 86400", "push": "product.tar"}}
    plan = site.fleet.plan(spots, vars=VARS)
    server = site.node("n1").process
    assert server is not None
    os.kill(server.pid, signal.SIGSTOP)
    try:
        words = ("march", str(plan), "--yes", "--key", site.fleet.alice, "-o", "jsonl")
        process = site.fleet.start(*words)
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["event"] == "begin"
        scribble_on(product)
    finally:
        os.kill(server.pid, signal.SIGCONT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 3, out + err
    assert "Traceback" not in out + err
    assert "its content has another hash; nothing was changed" in out, out + err
    assert [pm.unit("extra") for pm in site.pms] == [{}, {}, {}]
    site.march()


def scribble_on(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.seek(1 << 20)
        stream.write(b"?")
