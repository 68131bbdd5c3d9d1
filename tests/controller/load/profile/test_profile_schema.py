"""The schema for editors takes each profile that loads, and refuses what it can see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from enve.errors import InputError
from enve.load.profile.form import FORM
from enve.load.profile.schema import schema
from enve.load.profile.settle import SETTLE
from enve.load.yaml import scalar
from enve.load.yaml.file import read_yaml
from enve.load.yaml.item import Item
from enve_fire.core import profile
from enve_fire.core.settle import shape
from enve_pm.core.fieldcheck import Bad

CASES = Path(__file__).parents[3] / "cases" / "profiles"
VALIDATOR = jsonschema.Draft202012Validator(schema())


def table(kind: str) -> list[Any]:
    cases = yaml.safe_load((CASES / f"{kind}.yml").read_text())
    return [pytest.param(case, id=case["name"]) for case in cases if profiles(case)]


def profiles(case: dict[str, Any]) -> list[str]:
    """The texts of its profiles, that of the product first."""
    own = {"enve.yml": f"enve: 1\ntitle: a\n{case.get('profile', '')}\n"}
    files = case.get("files", own)
    return [
        text
        for name, text in sorted(files.items(), key=lambda each: each[0].count("/"))
        if name.endswith((".yml", ".conf"))
    ]


def data(item: Item) -> Any:
    """As an editor sees a file: what is tagged is text, and so are words such as `yes`."""
    if item.is_table:
        return {str(key): data(value) for key, value in item.entries("a file")}
    if item.is_list:
        return [data(one) for one in item.sequence("a file")]
    plain = item.node.tag == "" and not item.node.style
    return scalar.value(str(item)) if plain else str(item)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("case", table("good"))
def test_what_loads_is_taken(case: dict[str, Any], tmp_path: Path) -> None:
    for text in profiles(case):
        (tmp_path / "enve.yml").write_text(text)
        VALIDATOR.validate(data(read_yaml(tmp_path / "enve.yml")))


@pytest.mark.parametrize("case", table("bad"))
def test_what_does_not_load_is_refused_where_it_can_be_seen(
    case: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "enve.yml").write_text(profiles(case)[0])
    try:
        found = data(read_yaml(tmp_path / "enve.yml"))
    except InputError:
        return
    assert VALIDATOR.is_valid(found) is ("schema" not in case)


def test_the_definition_has_the_keys_of_the_table() -> None:
    """`build.prefix` apart, which is the table's own; what a key takes is tried by the cases."""
    for name, defaults in profile.DEFAULTS.items():
        found = schema()["$defs"][name]["anyOf"][0]
        if name != "settle":
            assert found["properties"].keys() - {"prefix"} == defaults.keys(), name
    with pytest.raises(Bad) as caught:
        shape.check({"": 1})
    assert caught.value.args[0] == "only " + " ".join(SETTLE.keys)
    assert set(FORM.keys) == {
        *("enve", "title", "version", "prefix", "vars", "deps", "profiles"),
        *profile.DEFAULTS,
    }


def test_every_key_is_explained() -> None:
    def told(part: Any) -> None:
        if isinstance(part, dict):
            for name, value in part.get("properties", {}).items():
                assert {"description", "$ref"} & value.keys() or name in (
                    "sh",
                    "signal",
                    *profile.KINDS,
                ), name
            for value in part.values():
                told(value)
        elif isinstance(part, list):
            for value in part:
                told(value)

    told(schema())
