"""known_hosts: every form of a line, and our own file under many writers."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve.errors import MissingError
from enve.host import knownhosts
from enve.host.knownhosts import KnownHosts


def key() -> asyncssh.SSHKey:
    made = knownhosts.read_key(knownhosts.key_text(asyncssh.generate_private_key("ssh-ed25519")))
    assert made is not None
    return made


A, B, C = (key() for _ in range(3))
TEXT = {one: knownhosts.key_text(one) for one in (A, B, C)}


def known(text: str) -> KnownHosts:
    made = KnownHosts()
    made.add(text)
    return made


@pytest.mark.parametrize(
    ("names", "host", "port", "found"),
    [
        ("web1", "web1", 22, True),
        ("web1", "WEB1", 22, True),
        ("web1,10.0.0.1", "10.0.0.1", 22, True),
        ("web1", "web2", 22, False),
        ("[web1]:2222", "web1", 2222, True),
        ("[web1]:2222", "web1", 22, False),
        ("[web1]:2222", "web1", 2223, False),
        ("web1", "web1", 2222, True),  # as ssh does: by the name alone
        ("web*", "web17", 22, True),
        ("web?", "web17", 22, False),
        ("*,!web1", "web1", 22, False),
        ("*,!web1", "web2", 22, True),
        ("[web*]:2222", "web1", 2222, True),
        ("web[12]", "web1", 22, False),  # brackets are no class in ssh's patterns
    ],
)
def test_names_match_as_in_ssh(names: str, host: str, port: int, found: bool) -> None:
    assert known(f"{names} {TEXT[A]} comment\n").lookup(host, port).keys == ([A] if found else [])


def test_markers_sort_keys_into_trusted_authorities_and_revoked() -> None:
    text = f"web1 {TEXT[A]}\n@cert-authority web* {TEXT[B]}\n@revoked * {TEXT[C]}\n"
    found = known(text).lookup("web1", 22)
    assert found == ([A], [B], [C])


def test_a_revoked_key_is_revoked_at_every_port() -> None:
    found = known(f"[web1]:99 {TEXT[A]}\n@revoked [web1]:99 {TEXT[C]}\n").lookup("web1", 99)
    assert found.revoked == [C]


def test_hashed_names_as_ssh_keygen_makes_them(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"web1 {TEXT[A]}\n[web2]:2222 {TEXT[B]}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(file)], check=True, capture_output=True)
    assert "web1" not in file.read_text()
    found = KnownHosts.read([file])
    assert found.lookup("web1", 22).keys == [A]
    assert found.lookup("web2", 2222).keys == [B]
    assert found.lookup("web3", 22).keys == []


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    known(text).lookup("web1", 22)


@given(st.text(alphabet="abc|1= \n@*!,[]:"), st.integers(0, 70))
def test_lines_that_are_cut_off_are_left_out(text: str, cut: int) -> None:
    known(f"web1 {TEXT[A]}\n{text}"[: cut + 5]).lookup("web1", 22)


def test_files_that_are_not_there_hold_nothing(tmp_path: Path) -> None:
    assert KnownHosts.read([tmp_path / "none", tmp_path / "a/b"]).lookup("x", 22).keys == []


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="can't be read"):
        KnownHosts.read([tmp_path])


def test_remember_makes_a_private_file_and_keeps_the_first_key(tmp_path: Path) -> None:
    file = tmp_path / "new" / "known_hosts"
    assert knownhosts.remember(file, "web1", 22, A) is None
    assert knownhosts.remember(file, "web1", 22, B) == A
    assert knownhosts.remember(file, "web1", 99, B) == A  # ssh looks at the name alone, too
    assert file.read_text() == f"web1 {TEXT[A]}\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_a_line_that_a_crash_cut_off_is_ended_first(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text("web0 ssh-ed25519 AAAA")
    knownhosts.remember(file, "web1", 22, A)
    assert file.read_text().splitlines()[1] == f"web1 {TEXT[A]}"


def test_many_writers_at_once_lose_nothing_and_tear_nothing(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib\nfrom enve.host import knownhosts\n"
        "key = knownhosts.read_key(sys.argv[3])\n"
        "for i in range(20):\n"
        "    knownhosts.remember(pathlib.Path(sys.argv[1]), f'{sys.argv[2]}x{i}', 22, key)\n"
    )
    file = tmp_path / "known_hosts"

    def write(name: str) -> None:
        argv = [sys.executable, "-c", program, str(file), name, TEXT[A]]
        subprocess.run(argv, check=True, timeout=120)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, "abcd"))
    lines = file.read_text().splitlines()
    assert sorted(lines) == sorted(f"{n}x{i} {TEXT[A]}" for n in "abcd" for i in range(20))
