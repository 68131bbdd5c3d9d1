"""Laws of profiles: how layers are merged, and which stages a change can reach."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from enve.errors import InputError
from enve.load.profile.compound import Anything
from enve.load.profile.merge import Branch, Part, given, merge
from enve.load.profile.profiles import Asked, Checked, Profiles
from enve.load.yaml.file import parse_yaml
from enve.load.yaml.item import Item
from enve_fire.core import profile, profileshape, sums
from enve_fire.core.url import FOLDER, Url

# A key says whether a table stands under it, so that layers are of one shape.
LAYERS: st.SearchStrategy[Any] = st.deferred(
    lambda: st.dictionaries(st.sampled_from(["ta", "tb"]), LAYERS, max_size=2).flatmap(
        lambda tables: st.dictionaries(
            st.sampled_from(["a", "b", "c"]),
            st.integers(0, 9) | st.lists(st.integers(0, 9), max_size=2),
            max_size=3,
        ).map(lambda values: {**tables, **values})
    )
)


FEW = settings(max_examples=40, deadline=None)


def item(value: Any) -> Item:
    return parse_yaml(json.dumps(value).encode(), "layer")


def plain(part: Part) -> Any:
    if isinstance(part, Branch):
        return {name: plain(value) for name, (_, value) in part.keys.items()}
    return part.data("a value")


def merged(*layers: Part) -> Part:
    found, *rest = layers
    for layer in rest:
        found = merge(Anything(), found, layer, "layers")
    return found


def expected(left: Any, right: Any) -> Any:
    if not (isinstance(left, dict) and isinstance(right, dict)):
        return right
    both = {name: expected(left[name], right[name]) for name in left.keys() & right.keys()}
    return {**left, **right, **both}


@FEW
@drawn(LAYERS, LAYERS)
def test_the_right_one_wins(left: Any, right: Any) -> None:
    assert plain(merged(item(left), item(right))) == expected(left, right)


@FEW
@drawn(LAYERS, LAYERS, LAYERS)
def test_merging_is_associative(a: Any, b: Any, c: Any) -> None:
    a, b, c = item(a), item(b), item(c)
    assert plain(merged(merged(a, b), c)) == plain(merged(a, merged(b, c)))


@FEW
@drawn(LAYERS)
def test_nothing_is_neutral_and_a_layer_twice_is_once(layer: Any) -> None:
    one, none = item(layer), item({})
    assert plain(merged(one, none)) == plain(merged(none, one)) == plain(merged(one, one)) == layer


@FEW
@drawn(LAYERS, LAYERS)
def test_what_was_merged_is_left_as_it_was(left: Any, right: Any) -> None:
    below, above = merged(item(left), item({})), merged(item(right), item({}))
    merged(below, above)
    assert (plain(below), plain(above)) == (left, right)


# -- hashes -------------------------------------------------------------------------------------
PLATFORM = ("Linux", "x86_64", "")
PRODUCT = """\
enve: 1
title: web
version: "{{ version }}"
vars: {version: 1, flags: -O2, port: 80, mode: auto, root: none, keep: 3}
deps: {build: [{url: ./lib}]}
build: {env: {F: "{{ flags }}"}, run: make}
settle: {from: "{{ root }}"}
install: {mode: "{{ mode }}", keep: "{{ keep }}"}
setup: {files: [{path: web.conf, template: "port={{ port }}\\n"}]}
run: {cmd: "bin/web {{ port }}"}
"""
LIB = "enve: 1\ntitle: lib\nbuild: {run: make}\nsetup: {run: '{{ nothing }}'}\n"
STAGES = ("checkout", "settle", "build", "install", "setup")
REACH = {  # variable -> the stages whose own inputs it is among
    "version": set(),
    "keep": set(),
    "port": {"setup"},
    "mode": {"install"},
    "root": {"settle"},
    "flags": {"build"},
}
VALUES = {
    "version": st.sampled_from(["1", "2", "3"]),
    "keep": st.integers(1, 9).map(str),
    "port": st.integers(1, 9999).map(str),
    "mode": st.sampled_from(["auto", "copy", "hardlink"]),
    "root": st.sampled_from(["none", "tar:a", "tar:b"]),
    "flags": st.sampled_from(["-O2", "-O0", "-g"]),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("product")
    (found / "lib").mkdir()
    (found / "enve.yml").write_text(PRODUCT)
    (found / "lib" / "enve.yml").write_text(LIB)
    return found


def checkout(url: Url, options: Mapping[str, Any]) -> Checked:
    return Checked(Path(url.base), f"tree:{Path(url.base).name}", url)


def load(folder: Path, values: Mapping[str, str] = {}) -> dict[str, Any]:
    sets = tuple((name, given(value, "--set")) for name, value in values.items())
    where = Url(FOLDER, str(folder))
    return Profiles(checkout).product(where, Asked(sets=sets))[1].table


def own_hashes(table: dict[str, Any]) -> dict[str, str]:
    """Of each stage, with what comes before it held still."""
    deps = [sums.build(row["table"], row["source"], [], PLATFORM) for row in table["deps"]["build"]]
    return {
        "checkout": sums.checkout_text("file:///a", "", profile.section(table, "checkout")),
        "settle": sums.settle(table),
        "build": sums.build(table, "git:1", deps, PLATFORM),
        "install": sums.install(table, "artifact", "web", [], PLATFORM),
        "setup": sums.setup(table, "installed"),
    }


@drawn(data=st.data())
@settings(max_examples=25, deadline=None)
def test_a_variable_reaches_the_stages_that_use_it_alone(folder: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(REACH)))
    one, other = (load(folder, {name: data.draw(VALUES[name])}) for _ in range(2))
    before, after = own_hashes(one), own_hashes(other)
    changed = {stage for stage in STAGES if before[stage] != after[stage]}
    assert changed <= REACH[name]
    same = {**one, "run": {}, "version": "", "install": {**one.get("install", {}), "keep": 1}}
    assert changed or same == {
        **other,
        "run": {},
        "version": "",
        "install": {**other.get("install", {}), "keep": 1},
    }


def test_the_names_of_each_section_are_told(folder: Path) -> None:
    _, loaded = Profiles(checkout).product(Url(FOLDER, str(folder)))
    assert loaded.names["setup"] == {"port"}
    assert loaded.names["build"] == {"flags"}
    assert loaded.names["run"] == {"port"}
    assert loaded.unused == set()


def test_a_product_in_two_places_is_built_once(folder: Path, tmp_path: Path) -> None:
    """Only what was found counts, not where; and a template beside it stands for its text."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "enve.yml").write_text(LIB)
    text = PRODUCT.replace('template: "port={{ port }}\\n"', "template_file: t")
    (tmp_path / "enve.yml").write_text(text)
    (tmp_path / "t").write_text("port={{ port }}\n")
    assert own_hashes(load(tmp_path)) == own_hashes(load(folder))


def test_the_order_of_keys_does_not_matter(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "enve.yml").write_text(LIB)
    lines = PRODUCT.splitlines()
    variables = "vars: {keep: 3, root: none, mode: auto, port: 80, flags: -O2, version: 1}"
    turned = [variables if line.startswith("vars") else line for line in reversed(lines)]
    (tmp_path / "enve.yml").write_text("\n".join(turned))
    one, other = load(tmp_path), load(folder)
    assert own_hashes(one) == own_hashes(other)
    for table in (one, other):
        table["deps"]["build"][0].pop("url")
    assert one == other


def test_a_dep_is_loaded_once_and_without_what_nobody_does_with_it(folder: Path) -> None:
    seen: list[str] = []

    def counted(url: Url, options: Mapping[str, Any]) -> Checked:
        seen.append(url.text)
        return checkout(url, options)

    text = PRODUCT.replace("[{url: ./lib}]", "[{url: ./lib}, {url: './lib/../lib'}]")
    inline = parse_yaml(text.encode(), str(folder / "inline.yml"))
    table = Profiles(counted).inline(inline).table
    first, second = table["deps"]["build"]
    assert first == second
    assert "setup" not in first["table"]
    assert seen == [f"file://{folder}/lib"]
    assert profileshape.check(table) == table


def test_what_the_profile_says_of_the_checkout_is_checked_out(tmp_path: Path) -> None:
    """First the profile is found, then what it says is the product."""
    (tmp_path / "enve.yml").write_text("enve: 1\ntitle: a\ncheckout: {subdir: b, strip: 2}\n")
    seen: list[Mapping[str, Any]] = []

    def counted(url: Url, options: Mapping[str, Any]) -> Checked:
        seen.append(options)
        return Checked(tmp_path, "git:" + (options["subdir"] or "top"), url._replace(ref="1" * 40))

    found, _ = Profiles(counted).product(Url("git", "git+https://h/a", "v1"))
    assert found.source == "git:b"
    assert found.pinned.text == "git+https://h/a#" + "1" * 40
    assert [(one["subdir"], one["strip"]) for one in seen] == [("", 1), ("b", 2)]


@pytest.mark.parametrize("way", ["inline", "config", "set"])
def test_what_is_known_of_the_checkout_before_is_checked_out_at_once(
    tmp_path: Path, way: str
) -> None:
    """An archive whose files lie at its top has no profile at all where a folder is left out."""
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "enve.yml").write_text("enve: 1\ntitle: a\nvars: {n: 1}\n")

    def archive(url: Url, options: Mapping[str, Any]) -> Checked:
        assert options["strip"] == 0
        return Checked(tmp_path / "top", "sha256:1", url)

    layer = parse_yaml(b"enve: 1\ntitle: b\nvars: {n: 0}\ncheckout: {strip: '{{ n }}'}", "plan.yml")
    plain = parse_yaml(b"checkout: {strip: 0}", "plan.yml")
    ask = {
        "inline": Asked(inline=layer),
        "config": Asked(config=plain),
        "set": Asked(sets=(("n", given("2", "--set n")), ("checkout.strip", given("0", "--set")))),
    }
    table = Profiles(archive).product(Url("archive", "https://h/a.tar"), ask[way])[1].table
    assert table["checkout"] == {"strip": 0}


def test_a_product_that_was_fetched_needs_nothing_beside_it(tmp_path: Path) -> None:
    """Its folder is a store's: elsewhere it is another. What a plan adds lies beside the plan."""
    fetched, plan, lib = tmp_path / "fetched", tmp_path / "plan.yml", tmp_path / "lib"
    for folder, text in ((fetched, "deps: {run: [{url: ./lib}]}"), (lib, "")):
        folder.mkdir()
        (folder / "enve.yml").write_text(f"enve: 1\ntitle: a\n{text}\n")

    def checkout(url: Url, options: Mapping[str, Any]) -> Checked:
        return Checked(fetched if url.kind == "git" else Path(url.base), "git:1", url)

    where = Url("git", "git+https://h/a", "1" * 40)
    with pytest.raises(InputError, match="wanted an absolute path, or a url, found"):
        Profiles(checkout).product(where)
    config = parse_yaml(b"deps: {run: [{url: ./lib}]}", str(plan))
    table = Profiles(checkout).product(where, Asked(config=config))[1].table
    assert table["deps"]["run"][0]["url"] == f"file://{lib}"


def test_too_many_products_are_refused(tmp_path: Path) -> None:
    """Each of six levels needs the next one many times, in its own words."""
    for level in range(7):
        rows = ", ".join(f"{{url: ../{level + 1}, set: {{x: '{{{{ x }}}}{n}'}}}}" for n in range(8))
        deps = f"deps: {{build: [{rows}]}}" if level < 6 else ""
        (tmp_path / str(level)).mkdir()
        text = f"enve: 1\ntitle: a\nvars: {{x: ''}}\n{deps}\n"
        (tmp_path / str(level) / "enve.yml").write_text(text)
    with pytest.raises(InputError, match="needs more than 256 products"):
        load(tmp_path / "0")


def test_a_chain_that_is_too_deep_is_refused(tmp_path: Path) -> None:
    for level in range(profileshape.DEPTH + 2):
        (tmp_path / str(level)).mkdir()
        deps = f"deps: {{run: [{{url: ../{level + 1}}}]}}" if level <= profileshape.DEPTH else ""
        (tmp_path / str(level) / "enve.yml").write_text(f"enve: 1\ntitle: a\n{deps}\n")
    assert load(tmp_path / "1")
    with pytest.raises(InputError, match=f"more than {profileshape.DEPTH} deps of deps: .* <- "):
        load(tmp_path / "0")


def _fetched(folder: Path) -> Any:
    """Each url is a folder of its last name, that was fetched."""

    def checkout(url: Url, options: Mapping[str, Any]) -> Checked:
        where = folder / url.base.rsplit("/", 1)[-1]
        return Checked(where, "git:" + where.name, url._replace(ref="1" * 40))

    return checkout


LOOSE = ["build: {sandbox: none}", "build: {network: true}"]
SETUID = "install: {setuid: [bin/su]}"


@pytest.mark.parametrize("line", [*LOOSE, SETUID])
@pytest.mark.parametrize("which", ["own", "of a profile", "dep", "for a dep", "whole, of a dep"])
def test_how_a_build_is_kept_in_says_who_calls(tmp_path: Path, line: str, which: str) -> None:
    """And what is setuid: all who reach it may run it as who has built it."""
    texts = {
        "own": line,
        "of a profile": f"profiles: {{p: {{{line}}}}}",
        "dep": "deps: {build: [{url: 'git+https://h/b'}]}",
        "for a dep": f"deps: {{run: [{{url: 'git+https://h/c', config: {{{line}}}}}]}}",
        "whole, of a dep": "deps: {run: [{url: 'git+https://h/c', profile: "
        f"{{enve: 1, title: c, {line}}}}}]}}",
    }
    _product(tmp_path, "a", texts[which])
    _product(tmp_path, "b", line)
    _product(tmp_path, "c", "")
    url = Url("git", "git+https://h/a", "v1")
    names = ("p",) if which == "of a profile" else ()
    with pytest.raises(InputError, match=r"in a product that was fetched.*") as caught:
        Profiles(_fetched(tmp_path)).product(url, Asked(names))
    assert "--trust" in (caught.value.hint or "")
    profiles = Profiles(_fetched(tmp_path))
    assert profiles.product(url, Asked(names, trust=True))[1].table
    with pytest.raises(InputError, match="in a product that was fetched"):
        profiles.product(url, Asked(names))


@pytest.mark.parametrize("line", LOOSE)
def test_who_calls_may_let_a_build_out(tmp_path: Path, line: str) -> None:
    _product(tmp_path, "a", line)
    key, value = line[len("build: {") : -1].split(": ")
    layer = parse_yaml(line.encode(), "plan.yml")
    whole = parse_yaml(f"enve: 1\ntitle: a\n{line}".encode(), "plan.yml")
    url = Url("git", "git+https://h/a", "v1")
    for asked in (
        Asked(sets=((f"build.{key}", given(value, "--set")),)),
        Asked(config=layer),
        Asked(inline=whole),
    ):
        found = Profiles(_fetched(tmp_path)).product(url, asked)[1].table["build"]
        assert found == {key: value == "true" or value}
    assert Profiles(checkout).product(Url(FOLDER, str(tmp_path / "a")))[1].table["build"]
    own = f"deps: {{build: [{{url: 'git+https://h/b', config: {{{line}}}}}]}}"
    _product(tmp_path, "b", "")
    inline = parse_yaml(f"enve: 1\ntitle: m\n{own}".encode(), "plan.yml")
    assert Profiles(_fetched(tmp_path)).inline(inline).table["deps"]["build"][0]["table"]["build"]


def _product(folder: Path, name: str, text: str) -> None:
    (folder / name).mkdir(exist_ok=True)
    (folder / name / "enve.yml").write_text(f"enve: 1\ntitle: {name}\n{text}\n")


def test_who_calls_may_have_something_setuid(tmp_path: Path) -> None:
    _product(tmp_path, "a", SETUID)
    layer = parse_yaml(SETUID.encode(), "plan.yml")
    url = Url("git", "git+https://h/a", "v1")
    table = Profiles(_fetched(tmp_path)).product(url, Asked(config=layer))[1].table
    assert table["install"]["setuid"] == ["bin/su"]


def test_a_config_file_is_setuid_where_who_calls_says_so(tmp_path: Path) -> None:
    _product(
        tmp_path,
        "a",
        "setup: {files: [{path: x, template: a}, {path: y, template: b, mode: '4755'}]}",
    )
    url = Url("git", "git+https://h/a", "v1")
    with pytest.raises(
        InputError, match=r"setup\.files\[1\]\.mode is 4755 in a product that was f"
    ):
        Profiles(_fetched(tmp_path)).product(url, Asked())
    assert Profiles(_fetched(tmp_path)).product(url, Asked(trust=True))
