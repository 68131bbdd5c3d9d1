"""Secrets, owners, and what others may have planted in a root."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from tests.support.forked import as_user
from tests.support.setups import context, place, product, row, tree

from enve_fire.core.trouble import SETUP, Trouble
from enve_fire.stage import marks
from enve_fire.stage.setup import is_valid, mark_of, setup

APP = product([])
WORD = "correct horse battery staple"
SUM = hashlib.sha256(WORD.encode()).hexdigest()
SECRET = product([row("/etc/word", WORD, 0o644, secret=True), row("/etc/plain", "p")])


def test_a_secret_is_closed_and_only_a_seal_of_it_is_kept(tmp_path: Path) -> None:
    said: list[str] = []
    hash_ = setup(SECRET, place(tmp_path), context(said))
    assert (tmp_path / "etc/word").stat().st_mode & 0o7777 == 0o600
    for path in (tmp_path / ".enve").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert WORD.encode() not in data, path
            assert SUM.encode() not in data, path
    assert not said
    rows = dict(row[:2] for row in marks.read_body(mark_of(APP, place(tmp_path)))["files"])
    assert rows["/etc/word"].startswith("hmac:")
    assert is_valid(SECRET, place(tmp_path))
    key = tmp_path / ".enve/setup/.key"
    assert key.stat().st_mode & 0o7777 == 0o600
    other = tmp_path / "other"
    other.mkdir()
    assert setup(SECRET, place(other), context()) != hash_  # nobody can guess by comparing


def test_a_secret_is_known_again(tmp_path: Path) -> None:
    setup(SECRET, place(tmp_path), context())
    setup(product([row("/etc/plain", "q")]), place(tmp_path), context())
    assert sorted(tree(tmp_path)) == ["etc", "etc/plain"]  # it was not taken for an edit


def test_a_failure_tells_nothing_of_a_secret(tmp_path: Path) -> None:
    (tmp_path / "etc/word").mkdir(parents=True)
    said: list[str] = []
    with pytest.raises(Trouble) as failed:
        setup(SECRET, place(tmp_path), context(said))
    assert WORD not in str(failed.value) + "".join(said)
    assert SUM not in str(failed.value)


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        ("daemon", (1, 1)),
        ("daemon:mail", (1, 8)),
        ("11:12", (11, 12)),
        (":12", (0, 12)),
        ("", (0, 0)),
    ],
)
def test_root_gives_files_to_those_the_machine_knows(
    tmp_path: Path, owner: str, expected: tuple[int, int]
) -> None:
    setup(product([row("/x", "", owner=owner)]), place(tmp_path), context())
    state = (tmp_path / "x").stat()
    assert (state.st_uid, state.st_gid) == expected


def test_names_are_those_of_the_root_where_it_has_some(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    rows = ("app:x:4711:4712::/:/bin/sh", "bad:x:::", "odd:x:7:::", "big:x:4294967295:1:::")
    (tmp_path / "etc/passwd").write_text("\n".join(rows))
    setup(product([row("/x", "", owner="app")]), place(tmp_path), context())
    assert (tmp_path / "x").stat().st_uid == 4711
    for name in ("daemon", "bad"):
        with pytest.raises(Trouble, match=f"no user {name} in this root"):
            setup(product([row("/x", "", owner=name)]), place(tmp_path), context())
    for name in ("odd", "big"):
        with pytest.raises(Trouble, match=f"/x: {name} has no valid number"):
            setup(product([row("/x", "", owner=name)]), place(tmp_path), context())


def test_who_is_not_root_keeps_the_files(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    os.chown(root, 1, 1)
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(0o755)
    said: list[str] = []

    def work() -> None:
        setup(product([row("/x", "", owner="mail")]), place(root), context(said))
        assert said == ["/x: stays uid 1's: only root may give it to mail"]

    as_user("daemon", work)
    assert (root / "x").stat().st_uid == 1


def test_root_trusts_no_state_that_another_could_have_written(tmp_path: Path) -> None:
    """It would give him back, as root's, a file with a setuid bit."""
    kept = tmp_path / ".enve/setup/.kept"
    kept.mkdir(parents=True)
    for folder in (tmp_path / ".enve", tmp_path / ".enve/setup", kept):
        os.chown(folder, 1, 1)
        with pytest.raises(
            Trouble, match="only root or uid 0 may write in, found uid 1"
        ) as trouble:
            setup(SECRET, place(tmp_path), context())
        assert trouble.value.code == SETUP
        os.chown(folder, 0, 0)
    kept.chmod(0o777)
    with pytest.raises(Trouble, match="mode 777"):
        setup(SECRET, place(tmp_path), context())
    kept.chmod(0o700)
    assert setup(SECRET, place(tmp_path), context())


@pytest.mark.parametrize("planted", [".enve", ".enve/setup", ".enve/setup/.kept"])
def test_no_planted_link_is_followed(tmp_path: Path, planted: str) -> None:
    root, out = tmp_path / "root", tmp_path / "out"
    out.mkdir()
    (root / planted).parent.mkdir(parents=True)
    (root / planted).symlink_to(out)
    with pytest.raises(Trouble, match="wanted a folder"):
        setup(SECRET, place(root), context())
    assert list(out.iterdir()) == []
