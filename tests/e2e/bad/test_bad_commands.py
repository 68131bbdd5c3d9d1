"""Bad files and command lines: their exit code, one screen, and no node is touched."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.site import Site, screen

pytestmark = pytest.mark.real
CASES = yaml.safe_load((Path(__file__).parents[2] / "cases/bad/commands.yml").read_text())
FILES = ("inventory", "blueprint", "plan")


def bomb() -> str:
    """Nine lists of nine aliases each: 9^9 nodes in 400 bytes."""
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    return "\n".join(rows) + "\n"


def lay_out(site: Site, case: dict[str, Any], folder: Path) -> None:
    """The fleet's own files, with those of the case in their place."""
    for file in site.lab.folder.iterdir():
        if file.suffix in (".yml", ".gpg"):
            shutil.copy(file, folder)
    for name in FILES:
        if name in case:
            text = bomb() if case[name] == "$BOMB" else case[name]
            more = "inventory: inventory.yml\n" if name == "plan" and text[:5] == "plan:" else ""
            (folder / f"{name}.yml").write_text(text + more)
    if "settings" in case:
        (folder / "enve.toml").write_text(case["settings"])


Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def ended(site: Site, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Done]:
    """Every case's command, two at once, by its name; none of them changes anything."""

    def run(case: dict[str, Any]) -> Done:
        folder = tmp_path_factory.mktemp("case")
        lay_out(site, case, folder)
        here = {"ENVE_INVENTORY": str(folder / "inventory.yml")}
        return site.fleet.run(*shlex.split(case["run"]), code=None, folder=folder, **here)

    with site.unchanged(), ThreadPoolExecutor(2) as pool:
        return dict(zip([case["name"] for case in CASES], pool.map(run, CASES), strict=True))


@pytest.mark.parametrize("case", [pytest.param(one, id=one["name"]) for one in CASES])
def test_a_bad_command(ended: dict[str, Done], case: dict[str, Any]) -> None:
    done = ended[case["name"]]
    said = screen(done)
    assert done.returncode == case["code"], said
    for words in case["says"]:
        assert words in said
