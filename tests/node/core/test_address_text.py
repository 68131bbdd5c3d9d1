"""Addresses and patterns: round trips, bounds, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve_pm.core import address, filename
from enve_pm.core.address import AddressError, Pattern

GOOD = {
    "web1.pm1.pm2.serviceA": ("web1", "pm1", "pm2", "serviceA"),
    "web": ("web",),
    "web.service": ("web",),
    "web1.web.service": ("web1", "web"),
    "[web1.example.com].pm1.[software-v1.0!run@web]": (
        "web1.example.com",
        "pm1",
        "software-v1.0!run@web",
    ),
    "[lua-5.4.4!setup@web].service": ("lua-5.4.4!setup@web",),
    "[web].a-b_c": ("web", "a-b_c"),
    "a.[service]": ("a", "service"),
    "service": ("service",),
    "[a b].[%2Fetc]": ("a b", "%2Fetc"),
    "[/etc/x]": ("/etc/x",),
    "[größe]": ("größe",),
}
BAD = {
    "": "wanted a name at 0",
    ".": "wanted a name at 0",
    "a.": "wanted a name at 2",
    "a..b": "wanted a name at 2",
    ".service": "wanted a name",
    "[]": "1 to 128 characters",
    "[a": "wanted ']'",
    "[a]b": "wanted '.' after ']'",
    "a]": "brackets",
    "[a[b]": r"without \[ \] \* \?",
    "a b": "brackets",
    "a/b": "brackets",
    "web*": "brackets",
    "[web*]": r"without \[ \] \* \?",
    "[.]": "directory",
    "a.[..]": "directory",
    "[a\nb]": "printable",
    "[a\0b]": "printable",
    "[ a]": "printable",
    "a" * 65: "1 to 64",
    "[" + "a" * 129 + "]": "1 to 128",
    "[" + "ä" * 64 + "]": "bytes as a file name",
    ".".join("a" * 17): "at most 16 segments",
    "a" * 100_000: "found 100000 characters",
}


@pytest.mark.parametrize("text", GOOD)
def test_good_addresses(text: str) -> None:
    assert address.parse(text) == GOOD[text]
    assert address.parse(address.format(GOOD[text])) == GOOD[text]


@pytest.mark.parametrize("text", BAD)
def test_bad_addresses(text: str) -> None:
    with pytest.raises(AddressError, match=BAD[text]):
        address.parse(text)


@pytest.mark.parametrize("segments", [(), ("a",) * 17, ("a", ""), ("..",), ("a\n",)])
def test_format_refuses_what_cannot_be_parsed(segments: tuple[str, ...]) -> None:
    with pytest.raises(AddressError):
        address.format(segments)


def _is_name(text: str) -> bool:
    try:
        return bool(address.check_name(text))
    except AddressError:
        return False


NAMES = st.one_of(
    st.sampled_from(["service", "a.service", ".a", "a", "%2E", "a%", "x.y", "lua-5.4!setup@web"]),
    st.text(min_size=1, max_size=40),
).filter(_is_name)
SEGMENTS = st.lists(NAMES, min_size=1, max_size=address.DEPTH).map(tuple)


@given(SEGMENTS)
def test_round_trip(segments: tuple[str, ...]) -> None:
    text = address.format(segments)
    assert address.parse(text) == segments
    assert address.format(address.parse(text)) == text
    assert address.parse(text + ".service") == segments


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        segments = address.parse(text)
    except AddressError:
        return
    assert address.parse(address.format(segments)) == segments


@given(NAMES, NAMES)
def test_file_names_are_safe_and_differ(one: str, other: str) -> None:
    name = address.dirname(one)
    assert "/" not in name and "\0" not in name and not name.startswith(".") and name.isascii()
    assert len(name) <= address.DIRNAME_LENGTH
    assert (name == address.dirname(other)) == (one == other)


MATCHES = [
    ("web*", "web1", True),
    ("web*", "db", False),
    ("web*", "web1.a", False),
    ("web*.pm1.*", "web12.pm1.x", True),
    ("web*.pm1.*", "web12.pm1.x.y", False),
    ("*.**.db", "web1.db", True),
    ("*.**.db", "web1.pm1.pm2.db", True),
    ("*.**.db", "db", False),
    ("**", "a.b.c", True),
    ("web1.**", "web1", True),
    ("web1.**", "web1.a.b", True),
    ("**.x.**", "a.x", True),
    ("**.x.**", "a.b", False),
    ("**.**", "a", True),
    ("[web*.example.com].?b", "[web1.example.com].db", True),
    ("[web*.example.com].?b", "[web1.example.org].db", False),
    ("[**]", "[a.b]", True),
    ("a**b", "axyb", True),
    ("[*!run@web]", "[lua-5.4!run@web]", True),
    ("web.service", "web", True),
    ("?", "ab", False),
    ("*a*b*", "xaxbx", True),
    ("*a*b*", "xbxax", False),
]


@pytest.mark.parametrize(("pattern", "text", "good"), MATCHES)
def test_patterns(pattern: str, text: str, good: bool) -> None:
    assert Pattern.parse(pattern).match(address.parse(text)) is good


@pytest.mark.parametrize("text", ["", "a..*", "[a", "a b*", "[\n*]", "[[]", "x" * 9000])
def test_bad_patterns(text: str) -> None:
    with pytest.raises(AddressError):
        Pattern.parse(text)


@given(SEGMENTS)
def test_an_address_is_a_pattern_of_itself(segments: tuple[str, ...]) -> None:
    pattern = Pattern.parse(address.format(segments))
    assert pattern.match(segments)
    assert not pattern.match((*segments, "x"))
    assert pattern == Pattern.parse(pattern.text) and hash(pattern) == hash(
        Pattern.parse(pattern.text)
    )
    assert repr(pattern) == f"Pattern({pattern.text!r})"
    assert Pattern.parse("**").match(segments)


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_glob_agrees_with_fnmatch(pattern: str, name: str) -> None:
    from fnmatch import fnmatchcase

    assert address.glob(pattern, name) == fnmatchcase(name, pattern)


def test_a_hostile_pattern_takes_no_time() -> None:
    assert not Pattern.parse("[" + "*a" * 60 + "b]").match(("a" * 128,))
    assert not Pattern.parse(".".join(["**", "a"] * 8)).match(("a",) * 15 + ("b",))


@given(NAMES)
def test_one_way_to_name_files(name: str) -> None:
    assert address.dirname(name) == filename.quote(name)
    assert filename.unquote(address.dirname(name)) == name


@pytest.mark.parametrize(
    ("name", "leading"),
    [("web", True), ("a", True), ("a.b", True), ("a.b.c", True), ("a.c", False), ("we", False)],
)
def test_what_leads_to_an_address(name: str, leading: bool) -> None:
    assert address.leads(name, {"web": "", "a.b.c": "", "[a.c].d": ""}) is leading
