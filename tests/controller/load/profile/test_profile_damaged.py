"""Profiles that were cut or damaged: an InputError with a place, or a table that nodes take; and
the schema for editors takes what loads."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from enve.errors import InputError
from enve.load.profile.profiles import Asked, Checked, Profiles
from enve.load.profile.schema import schema
from enve.load.profile.secret import Shown
from enve.load.yaml import scalar
from enve.load.yaml.file import parse_yaml
from enve.load.yaml.item import Item
from enve_fire.core import profileshape, sums
from enve_fire.core.url import FOLDER, Url
from enve_pm.core import canonical

WHOLE = """\
enve: 1
title: web
version: "1.0"
prefix: /opt/web
vars: {flags: -O2, port: 80, pw: !secret db, list: [1, {a: b}], more: "{{ port }}{{ list[0] }}"}
deps:
  build: [{url: ./lib, profile: [x], config: {vars: {a: "1{{ flags }}"}}, set: {b: 1}}]
  run: {url: ./lib, stage: build}
checkout: {subdir: null, submodules: false, strip: 1, refresh: 1h}
build:
  copy: true
  env: {F: "{{ flags }}"}
  sandbox: auto
  run:
    - make -j$JOBS
    - |
      make install {{ more }} &&
      true
test: {run: sh test.sh, needs: build}
settle: {}
install: {mode: auto, owner: "0:0", setuid: [bin/su], keep: 3}
setup:
  files:
    - {path: etc/web.conf, mode: 0600, owner: app, template: "port={{ port }} {{ pw }}\\n"}
    - {path: etc/more.conf, template_file: more.j2}
  cfgpath: main
run: {cmd: 'bin/web -p "{{ port }}"', env: {PW: !secret db}, reload: kill -HUP $MAINPID, user: www}
execute: {cmd: [bin/web, -v]}
profiles:
  x: {vars: {flags: -g}, build: {env: {G: "1"}}}
"""
LIB = "enve: 1\ntitle: lib\nvars: {a: 1, b: 2}\nversion: '{{ a }}.{{ b }}'\nprofiles: {x: }\n"
ROUNDS = 250
VALIDATOR = jsonschema.Draft202012Validator(schema())


def damaged(text: str, seed: int) -> str:
    """A few signs changed, doubled, moved or gone."""
    dice = random.Random(seed)
    for _ in range(dice.randint(1, 3)):
        at, other = dice.randrange(len(text)), dice.randrange(len(text))
        new = [
            dice.choice("{}[]:,-*&!|>'\"%@#\n\t 09azA"),
            text[other : other + dice.randint(1, 20)],
            dice.choice(
                ["{{ x }}", "{% for", "&a ", "*a", "!secret ", "<<: ", "null", "true", "{}"]
            ),
            "",
        ][dice.randrange(4)]
        text = text[:at] + new + text[at + dice.randint(0, 9) :]
    return text or "x"


def attempts() -> Iterator[str]:
    yield WHOLE
    lines = WHOLE.splitlines(keepends=True)
    for number in range(len(lines)):
        yield "".join(lines[:number]) or "x"
        yield "".join(lines[:number] + lines[number + 1 :])
    for seed in range(ROUNDS):
        yield damaged(WHOLE, seed)


def checkout(url: Url, options: Mapping[str, Any]) -> Checked:
    if Path(url.base).name != "lib":
        raise InputError("nothing else is there")
    return Checked(Path(url.base), "tree:a", url)


def as_editors_see(item: Item) -> Any:
    if item.is_table:
        return {str(key): as_editors_see(value) for key, value in item.entries("a file")}
    if item.is_list:
        return [as_editors_see(one) for one in item.sequence("a file")]
    plain = item.node.tag == "" and not item.node.style
    return scalar.value(str(item)) if plain else str(item)


def test_a_damaged_profile(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "enve.yml").write_text(LIB)
    (tmp_path / "more.j2").write_text("{{ more }}\n")
    good = 0
    for text in attempts():
        try:
            root = parse_yaml(text.encode(), str(tmp_path / "enve.yml"))
            profiles = Profiles(checkout, Shown())
            loaded = profiles.inline(root, Asked(("x",) if "x:" in text else ()))
        except InputError as error:
            assert error.where is not None, (error, text)
            continue
        good += 1
        table = loaded.table
        assert profileshape.check(canonical.loads(canonical.dumps(table))) == table
        assert sums.setup(table, "i") != sums.build(table, "s", [], ())
        seen = as_editors_see(root)
        if "enve" in seen and "title" in seen:
            assert not [error.message for error in VALIDATOR.iter_errors(seen)], text
    assert good > 10


@pytest.mark.parametrize("text", ["{{ pw }}", "{{ pw[0] }}", "{{ pw|length }}", "{{ more }}"])
@pytest.mark.parametrize("way", ["file", "env"])
def test_whatever_a_secret_is_made_into_is_one(text: str, way: str) -> None:
    """It is told to whoever shows a table, and a file of it is for its owner alone."""
    setup = f"setup: {{files: [{{path: a, template: 'x={text}'}}]}}"
    run = f"run: {{cmd: a, env: {{A: 'x={text}'}}}}"
    more = setup if way == "file" else run
    source = f"enve: 1\ntitle: a\nvars: {{pw: !secret db, more: '{{{{ pw|upper }}}}'}}\n{more}\n"
    loaded = Profiles(secrets=Shown()).inline(parse_yaml(source.encode(), "enve.yml"))
    if way == "file":
        (row,) = loaded.table["setup"]["files"]
        assert row["mode"] == 0o600
        assert row["secret"] is True
        assert row["content"] in loaded.secrets
    else:
        assert loaded.table["run"]["env"]["A"] in loaded.secrets
    assert "(secret db)" in loaded.secrets


def test_a_folder_is_a_url_of_itself(tmp_path: Path) -> None:
    (tmp_path / "enve.yml").write_text("enve: 1\ntitle: a\n")
    found, loaded = Profiles().product(Url(FOLDER, str(tmp_path)))
    assert (found.pinned.base, found.source) == (str(tmp_path), "")
    assert loaded.files == {str(tmp_path / "enve.yml"): b"enve: 1\ntitle: a\n"}
    assert loaded.missing == set()
