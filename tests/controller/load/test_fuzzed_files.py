"""Files that were cut or damaged: an InputError with a place, or a result; nothing else."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from enve.errors import InputError
from enve.load.blueprint.blueprint import load_blueprint
from enve.load.inventory.inventory import load_domain
from enve.load.keyfile import PublicKey
from enve.load.plan.plan import load_plan
from enve.load.yaml import file as yamlfile

ROOT = Path(__file__).parents[3]
ROUNDS = 120


def damaged(data: bytes, seed: int) -> bytes:
    """A few bytes changed, doubled or gone."""
    dice = random.Random(seed)
    text = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(text))
        what = dice.randrange(4)
        if what == 0:
            text[at] = dice.choice(b"{}[]:,-*&!|>'\"%@#\n\t \x00\xff09azAZ")
        elif what == 1:
            del text[at : at + dice.randint(1, 9)]
        elif what == 2:
            text[at:at] = text[max(0, at - 9) : at]
        else:
            text[at:at] = dice.choice([b"{{ x }}", b"{% for", b"*a", b"&a ", b"!secret ", b"<<: "])
    return bytes(text) or b"x"


def attempts(data: bytes) -> list[bytes]:
    cuts = [data[:at] for at in range(0, len(data), 11)]
    return cuts + [damaged(data, seed) for seed in range(ROUNDS)]


@pytest.mark.parametrize("kind", ["inventory", "blueprint", "plan", "template"])
def test_a_damaged_file(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sources = {
        "inventory": ROOT / "inventory/shop.yml",
        "blueprint": ROOT / "playbooks/shop/blueprint.yml",
        "plan": ROOT / "playbooks/shop/plan.yml",
        "template": ROOT / "playbooks/shop/templates/nginx.conf.j2",
        "other": ROOT / "playbooks/shop/templates/pg_hba.conf.j2",
    }
    files = {name: path.read_bytes() for name, path in sources.items()}
    (tmp_path / "templates").mkdir()
    (tmp_path / "releases/shop-2.4.1").mkdir(parents=True)
    names = {
        "inventory": "inventory.yml",
        "blueprint": "blueprint.yml",
        "plan": "plan.yml",
        "template": "templates/nginx.conf.j2",
        "other": "templates/pg_hba.conf.j2",
    }
    for name, data in files.items():
        (tmp_path / names[name]).write_bytes(data)
    good = 0
    for data in attempts(files[kind]):
        (tmp_path / names[kind]).write_bytes(data)
        try:
            domain = load_domain(["inventory.yml"])
            blueprint = load_blueprint("blueprint.yml", domain, lambda _: PublicKey("A" * 40, b""))
            load_plan("plan.yml", domain, blueprint, artifacts=tmp_path / "artifacts")
            good += 1
        except InputError as error:
            assert error.where is not None, (error, data)
    assert good


def test_a_file_of_very_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """16 MiB of `a,` are eight million of them, and gigabytes of memory."""
    monkeypatch.setattr(yamlfile, "VALUES", 100)
    assert yamlfile.parse_yaml(b"[" + b"a," * 90 + b"]", "f.yml").is_list
    with pytest.raises(InputError, match="more than 100 values in one file") as caught:
        yamlfile.parse_yaml(b"x: [" + b"a,\n" * 200 + b"]", "f.yml")
    assert str(caught.value.where).startswith("f.yml:1:")
