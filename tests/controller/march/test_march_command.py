"""`enve-march`: wrong words and wrong files end before any node is looked at."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.controller.march.desk import line, plan

from enve.app import signedfile
from enve.app.signedfile import Content
from enve.cli.main import run_command
from enve.core import parts
from enve.core.parts import Place
from enve.errors import EnveError

INVENTORY = "domain: shop.example\nnodes:\n  n1: {connection: local, home: /nowhere/n1}\n"
PLAN = 'plan: shop\ninventory: inventory.yml\nspots:\n  "*.web": {run: "sleep {{ x }}"}\n'


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "inventory.yml").write_text(INVENTORY)
    (tmp_path / "plan.yml").write_text(PLAN)
    what = plan({"n1": [line("web")]})
    built = parts.build(what, (), {}, lambda: "0" * 32)
    raw = parts.head(what, Place(1, ()), parts.tree(built), 1)
    content = Content(parts.signed(raw, (b"sig",), built, ("", "")))
    signedfile.write(tmp_path / "signed", content)
    (tmp_path / "other.yml").write_text(INVENTORY.replace("shop.example", "other.example"))
    (tmp_path / "cut").write_bytes((tmp_path / "signed").read_bytes()[:-9])
    monkeypatch.chdir(tmp_path)
    for name in ("STATE", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ((), 64, "PLAN"),
        (("nowhere.yml",), 65, ""),
        (("plan.yml",), 65, "x"),
        (("inventory.yml",), 65, "plan"),
        (("plan.yml", "-C", "--out", "f"), 64, "--out"),
        (("plan.yml", "--lane", "a/b"), 64, "lane"),
        (("plan.yml", "--lane", ""), 64, "lane"),
        (("plan.yml", "-e", "x"), 64, "NAME=VALUE"),
        (("plan.yml", "-e", "node=1"), 64, "variable"),
        (("plan.yml", "-e", "@nowhere.yml"), 65, ""),
        (("plan.yml", "-e", "x=1", "-l", "n9"), 64, "n9"),
        (("plan.yml", "--frob"), 64, "--frob"),
        (("signed", "-i", "inventory.yml", "--lane", "a"), 64, "--lane"),
        (("signed", "-i", "inventory.yml", "--key", "a"), 64, "--key"),
        (("signed", "-i", "inventory.yml", "-e", "x=1"), 64, "--extra-vars"),
        (("signed", "-i", "other.yml"), 65, "shop.example"),
        (("signed", "-i", "inventory.yml", "-l", "n9"), 64, "n9"),
        (("cut", "-i", "inventory.yml"), 65, "not a signed plan"),
    ],
)
def test_wrong_words(desk: Path, words: tuple[str, ...], code: int, told: str) -> None:
    with pytest.raises(EnveError) as caught:
        run_command("march", words, prog="enve-march")
    assert caught.value.exit_code == code, caught.value.message
    assert told in caught.value.message
    assert not (desk / "state").exists()


def test_a_variable_that_nothing_uses_is_warned_of(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "more.yml").write_text("{for_another_plan: 1}\n")
    words = ["plan.yml", "-C", "-e", "xx=2", "-e", "x=1", "-e", "@more.yml"]
    assert run_command("march", words, prog="enve-march") == 3
    said = "".join(capsys.readouterr())
    assert "-e xx=...: nothing in this plan uses 'xx'; did you mean 'x'?" in said
    assert said.count("nothing in this plan uses") == 1


def test_a_variable_is_used_where_another_one_is_made_of_it(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "plan.yml").write_text(PLAN + 'vars: {x: "{{ y }}0", unseen: "{{ z }}"}\n')
    words = ["plan.yml", "-C", "-e", "y=1", "-e", "z=1"]
    assert run_command("march", words, prog="enve-march") == 3
    said = "".join(capsys.readouterr())
    assert "uses 'y'" not in said
    assert "uses 'z'" in said


@pytest.mark.parametrize(
    ("ceiling", "told"),
    [
        (
            "{web: {kinds: [resource]}}",
            "would be refused: n1: web: kind process is above its kinds",
        ),
        ("{db: {}}", "would be refused: n1: the blueprint has no spot web on this node"),
    ],
)
@pytest.mark.parametrize("check", [(), ("-C",)])
def test_a_signed_file_above_a_ceiling_of_today(
    desk: Path, ceiling: str, told: str, check: tuple[str, ...]
) -> None:
    (desk / "b.yml").write_text(f"nodes: {{n1: {{spots: {ceiling}}}}}\n")
    (desk / "low.yml").write_text(INVENTORY + "blueprint: b.yml\n")
    with pytest.raises(EnveError) as caught:
        run_command("march", ["signed", "-i", "low.yml", *check], prog="enve-march")
    assert caught.value.exit_code == 5
    assert told in caught.value.message


def test_a_node_without_pm_is_told(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command("march", ["plan.yml", "-C", "-e", "x=1"], prog="enve-march") == 3
    said = capsys.readouterr()
    assert "there is no pm on it" in said.out + said.err
    assert "nobody" not in said.out
