"""One who may march against another: what can be laid into the inbox in the way of `march put`."""

from __future__ import annotations

import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from enve_pm.hostinit import writer

pytestmark = pytest.mark.real
DATA = b"x" * 5000
SHA = sha256(DATA).hexdigest()


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "run" / "inbox").mkdir(parents=True)
    text = writer.text(str(tmp_path / "home"), str(tmp_path / "run" / "default.pipe"))
    (tmp_path / "march").write_text(text)
    return tmp_path / "run" / "inbox"


def put(inbox: Path, before: str = "") -> subprocess.CompletedProcess[bytes]:
    """`march put`, in a shell that runs `before` with the writer's own pid."""
    march = inbox.parent.parent / "march"
    script = f'{before}\nset -- put {SHA} {len(DATA)}\n. "{march}"'
    return subprocess.run(["sh", "-c", script], input=DATA, capture_output=True, check=False)


def test_a_link_at_the_name_of_its_pid_is_not_followed(inbox: Path) -> None:
    victim = inbox.parent / "victim"
    victim.write_bytes(b"precious")
    done = put(inbox, f'ln -s "{victim}" "{inbox}/.{SHA}.$$"')
    assert done.returncode == 0, done.stderr
    assert victim.read_bytes() == b"precious"
    assert (inbox / SHA).read_bytes() == DATA


def test_a_link_to_a_folder_does_not_catch_the_file(inbox: Path) -> None:
    elsewhere = inbox.parent / "elsewhere"
    elsewhere.mkdir()
    (inbox / SHA).symlink_to(elsewhere)
    done = put(inbox)
    assert done.returncode == 0, done.stderr
    assert not (inbox / SHA).is_symlink()
    assert (inbox / SHA).read_bytes() == DATA
    assert list(elsewhere.iterdir()) == []


def test_a_folder_in_its_place_is_told(inbox: Path) -> None:
    (inbox / SHA).mkdir()
    done = put(inbox)
    assert (done.returncode, done.stderr) == (3, b"march: something else stands in the inbox\n")
    assert list(inbox.rglob("*")) == [inbox / SHA]
