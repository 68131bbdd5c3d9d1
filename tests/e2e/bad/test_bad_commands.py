"""Bad files and command lines: their exit code, one screen, and no node is touched."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.site import Site, screen

pytestmark = pytest.mark.real
CASES = Path(__file__).parents[2] / "cases/bad/commands.yml"
FILES = ("inventory", "blueprint", "plan")


def bomb() -> str:
    """Nine lists of nine aliases each: 9^9 nodes in 400 bytes."""
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    return "\n".join(rows) + "\n"


def lay_out(site: Site, case: dict[str, Any], folder: Path) -> None:
    """The fleet's own files, with those of the case in their place."""
    site.plan()
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


@pytest.mark.parametrize(
    "case", [pytest.param(one, id=one["name"]) for one in yaml.safe_load(CASES.read_text())]
)
def test_a_bad_command(site: Site, case: dict[str, Any], tmp_path: Path) -> None:
    lay_out(site, case, tmp_path)
    with site.unchanged():
        words = shlex.split(case["run"])
        here = {"ENVE_INVENTORY": str(tmp_path / "inventory.yml")}
        said = screen(site.fleet.run(*words, code=case["code"], folder=tmp_path, **here))
    for words_of_it in case["says"]:
        assert words_of_it in said
