"""Long: fetches killed at any moment, and archives damaged in thousands of ways."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.fetching import MAIN, Fetcher, Repo
from tests.support.packed import PACKERS, folder, link, tar, tree, zipped
from tests.support.web import Web

from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_fire.fetch.archive import unpacked
from enve_fire.fetch.archive.view import View

ROUNDS, DAMAGES = 60, 4000


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(3))
def test_whoever_is_killed_leaves_the_next_one_right(
    seed: int, fetcher: Fetcher, repo: Repo, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    rows = {f"{n % 50}/{n}": os.urandom(200) for n in range(2000)}
    data = PACKERS["tar.gz"](tar(*((f"a/{name}", content) for name, content in rows.items())))
    for name, content in rows.items():
        (repo.path / name).parent.mkdir(exist_ok=True)
        (repo.path / name).write_bytes(content)
    killed = 0
    with Web(git=tmp_path) as web:
        for n in range(ROUNDS):
            repo.commit(number=str(n))
            git = "git+" + web.url("/git/repo/.git")
            url = git if n % 2 else web.put(f"/{n}.tar.gz", data)
            argv = [sys.executable, "-I", "-S", str(MAIN), "fetch", url, "--refresh"]
            for _ in range(2):
                killed += ended(argv, fetcher, chance.uniform(0.05, 1.0))
            done = subprocess.run(argv, env=fetcher.environ, capture_output=True, check=True)
            found = tree(Path(done.stdout.decode()[:-1]))
            assert found.pop("number", b"0") == str(n if n % 2 else 0).encode()
            assert {name: one for name, one in found.items() if one is not None} == rows
    assert killed > ROUNDS // 4


def ended(argv: list[str], fetcher: Fetcher, after: float) -> bool:
    with subprocess.Popen(argv, env=fetcher.environ, stdout=-3, stderr=-3) as child:
        try:
            child.wait(after)
        except subprocess.TimeoutExpired:
            child.kill()
            return True
    return False


@pytest.mark.nightly
@pytest.mark.parametrize("packer", [*PACKERS, "zip"])
def test_damaged_in_thousands_of_ways(packer: str, tmp_path: Path) -> None:
    rows = [("a/x", bytes(range(256)) * 8), ("a/" + "n" * 150, b"long"), ("a/ü", b"u")]
    whole = tar(folder("a"), *rows, link("a/l", "x"))
    data = zipped(*rows) if packer == "zip" else PACKERS[packer](whole)
    chance = random.Random(packer)
    taken = 0
    for number in range(DAMAGES // 10 if packer == "tar.zst" else DAMAGES):
        packed = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            packed[chance.randrange(len(packed))] = chance.randrange(256)
        out = tmp_path / str(number)
        out.mkdir()
        (tmp_path / "file").write_bytes(packed)
        try:
            unpacked.unpack(str(tmp_path / "file"), str(out), View(), 1 << 26, "it")
            taken += 1
        except Trouble as trouble:
            assert trouble.code == CHECKOUT
    assert taken < DAMAGES
