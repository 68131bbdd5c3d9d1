"""The hashes of the stages are functions of what each stage depends on, and of nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enve_fire.core import digest, profile, profileshape, sums

Table = dict[str, Any]
PLATFORM = ("Linux", "x86_64", "glibc 2.36")
WORDS = st.text("abc /$=", min_size=1, max_size=6)
ENV = st.dictionaries(st.sampled_from(["A", "B"]), WORDS, max_size=2)
LINES = st.lists(WORDS, max_size=2)


def section(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[Table]:
    return st.fixed_dictionaries({}, optional=keys)


FILES = st.lists(
    st.fixed_dictionaries(
        {
            "path": st.sampled_from(["a", "/etc/b"]),
            "mode": st.sampled_from([0o600, 0o644]),
            "content": WORDS,
        }
    ),
    max_size=2,
    unique_by=lambda one: one["path"],
)
TABLES = st.fixed_dictionaries(
    {
        "enve": st.just(1),
        "title": st.sampled_from(["a", "b"]),
        "prefix": st.sampled_from(["/a", "/b"]),
    },
    optional={
        "version": st.sampled_from(["1", "2"]),
        "checkout": section(subdir=st.sampled_from(["", "a"]), strip=st.integers(0, 2)),
        "build": section(run=LINES, env=ENV, copy=st.booleans(), network=st.booleans()),
        "test": section(run=LINES),
        "settle": section(path=st.sampled_from(["a", "b"]), isolate=st.sampled_from(["jail"])),
        "install": section(mode=st.sampled_from(["auto", "copy"]), keep=st.integers(1, 9)),
        "setup": section(files=FILES, run=LINES, cfgpath=st.sampled_from(["", "x"])),
        "run": section(cmd=st.just(["a"]), env=ENV),
        "execute": section(cmd=st.just(["a"])),
    },
)


def checkout(table: Table) -> str:
    """The hash that a store knows it by."""
    how = profile.section(table, "checkout")
    return digest.hash_of("any", sums.checkout_text("git+https://h/a", "v1", how))


# stage -> its hash, and all of a table that it is of; what comes before it counts by its hash
STAGES: dict[str, tuple[Callable[[Table], str], set[str]]] = {
    "checkout": (checkout, {"checkout"}),
    "build": (
        lambda table: sums.build(table, "git:1", ["d"], PLATFORM),
        {"title", "prefix", "build"},
    ),
    "settle": (sums.settle, {"title", "prefix", "settle"}),
    "install": (
        lambda table: sums.install(table, "artifact", "web", ["d"], PLATFORM),
        {"title", "prefix", "install"},
    ),
    "setup": (lambda table: sums.setup(table, "installed"), {"title", "prefix", "setup"}),
}
NAMES = pytest.mark.parametrize("name", STAGES)


def said(table: Table, keys: set[str]) -> Table:
    """All that these keys say, with what is left unsaid; names of what is kept and how many."""
    found = {key: table[key] for key in ("title", "prefix") if key in keys}
    for key in keys - {"title", "prefix"}:
        found[key] = dict(profile.section(table, key))
        found[key].pop("keep", None)
    return found


@NAMES
@given(one=TABLES, other=TABLES)
def test_a_hash_is_of_its_section_and_of_nothing_else(name: str, one: Table, other: Table) -> None:
    of, keys = STAGES[name]
    mixed = {**other, **{key: one[key] for key in keys if key in one}}
    for key in keys - one.keys():
        mixed.pop(key, None)
    assert digest.is_hash(of(one))
    assert of(mixed) == of(one)
    assert (of(other) == of(one)) is (said(other, keys) == said(one, keys))


@NAMES
@given(table=TABLES)
def test_what_is_left_out_is_its_default(name: str, table: Table) -> None:
    of, _ = STAGES[name]
    whole = {**table, **{key: dict(profile.section(table, key)) for key in profile.DEFAULTS}}
    assert of(
        profileshape.check(whole if whole["run"]["cmd"] and whole["execute"]["cmd"] else table)
    )
    assert of(whole) == of(table)


def turned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(list(value))}
    return [turned(one) for one in value] if isinstance(value, list) else value


@NAMES
@given(table=TABLES)
def test_the_order_of_keys_does_not_matter(name: str, table: Table) -> None:
    of, _ = STAGES[name]
    assert of(turned(table)) == of(table)


@NAMES
@given(table=TABLES, version=st.sampled_from(["", "3"]), keep=st.integers(1, 9))
def test_neither_version_nor_what_is_kept_matters(
    name: str, table: Table, version: str, keep: int
) -> None:
    of, _ = STAGES[name]
    other = {**table, "version": version, "install": {**table.get("install", {}), "keep": keep}}
    assert of(other) == of(table)


@given(table=TABLES)
def test_a_file_brought_beside_counts_as_one_that_stands_in_the_table(table: Table) -> None:
    files = [
        {
            **{key: value for key, value in one.items() if key != "content"},
            "sha256": hashlib.sha256(one["content"].encode()).hexdigest(),
        }
        for one in profile.section(table, "setup")["files"]
    ]
    beside = {**table, "setup": {**table.get("setup", {}), "files": files}}
    assert sums.setup(beside, "i") == sums.setup(table, "i")


INPUTS: dict[str, tuple[Callable[..., str], list[Any]]] = {
    "build": (sums.build, ["git:1", ["d"], PLATFORM]),
    "install": (sums.install, ["artifact", "web", ["d"], PLATFORM]),
    "setup": (sums.setup, ["installed"]),
}


@pytest.mark.parametrize("name", INPUTS)
@given(table=TABLES, data=st.data())
@settings(max_examples=30)
def test_every_input_beside_the_table_matters(name: str, table: Table, data: st.DataObject) -> None:
    of, inputs = INPUTS[name]
    at = data.draw(st.integers(0, len(inputs) - 1))
    other = inputs[at][:-1] + inputs[at][:1] + inputs[at][-1:]
    assert of(table, *[*inputs[:at], other, *inputs[at + 1 :]]) != of(table, *inputs)


def test_stages_of_one_content_have_hashes_of_their_own() -> None:
    table = {"enve": 1, "title": "a", "prefix": "/a"}
    found = [of(table) for of, _ in STAGES.values()]
    assert len(set(found)) == len(found)


def test_another_format_is_another_hash_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """So what an older enve has cached is never taken for what this one means."""
    table = {"enve": 1, "title": "a", "prefix": "/a", "build": {"run": ["make"]}}

    def found() -> list[str]:
        return [
            *(of(table) for of, _ in STAGES.values()),
            sums.artifact({**table, "build": {}}, "git:1", [], PLATFORM),
            sums.root_text({"suite": "x"}, PLATFORM),
            sums.final(b"a"),
            sums.content(table, "git:1"),
        ]

    before = found()
    monkeypatch.setattr(sums, "FORMAT", digest.FORMAT + 1)
    assert not set(before) & set(found())


def test_without_a_build_the_source_is_the_artifact() -> None:
    """Title, platform and build deps do not matter then: nothing is built for them."""
    table = {"enve": 1, "title": "a", "prefix": "/a"}
    found = sums.artifact(table, "git:1", ["d"], PLATFORM)
    assert found == sums.artifact({**table, "title": "b"}, "git:1", [], ())
    assert found != sums.artifact(table, "git:2", ["d"], PLATFORM)
    assert found != sums.artifact({**table, "build": {"run": ["a"]}}, "git:1", ["d"], PLATFORM)


def test_the_text_of_a_build_says_all_that_its_hash_is_of() -> None:
    table = {"enve": 1, "title": "a", "prefix": "/a", "build": {"run": ["make"]}}
    for other in ({**table, "title": "b"}, {**table, "build": {"run": ["all"]}}):
        assert sums.build_text(other, "s", [], PLATFORM) != sums.build_text(
            table, "s", [], PLATFORM
        )
    assert sums.build_text(table, "t", [], PLATFORM) != sums.build_text(table, "s", [], PLATFORM)


def test_which_files_may_be_setuid_counts_into_the_build() -> None:
    table = {"enve": 1, "title": "a", "prefix": "/opt/a"}

    def build(*setuid: str) -> str:
        return sums.build({**table, "install": {"setuid": [*setuid]}}, "s", [], PLATFORM)

    assert build() == sums.build(table, "s", [], PLATFORM)
    assert build("su", "/opt/a/b") == build("/opt/a/b", "/opt/a/su")
    assert len({build(), build("su"), build("/su")}) == 3


def test_a_root_of_debootstrap_is_for_one_kind_of_machine() -> None:
    wanted = {"suite": "stable", "include": ["sh"]}
    text = sums.root_text(wanted, ["Linux", "x86_64", "glibc 2.36"])
    assert text == sums.root_text(wanted, ["Linux", "x86_64", "glibc 2.40"])
    assert text != sums.root_text(wanted, ["Linux", "aarch64", "glibc 2.36"])
    assert text != sums.root_text({"suite": "stable"}, ["Linux", "x86_64", "glibc 2.36"])
    assert json.loads(text)["v"] == digest.FORMAT


def test_an_rc_is_of_the_bytes_of_the_files() -> None:
    assert sums.final(b"a", target="run") == sums.final(b"a", target="run")
    assert sums.final(b"a ", target="run") != sums.final(b"a", target="run")
    assert sums.final(b"a", target="test") != sums.final(b"a", target="run")
