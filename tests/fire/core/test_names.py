"""Hashes, names and urls: what stages are known by."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve_fire.core import digest, filled, mark, title, url
from enve_pm.core import address, stages
from enve_pm.core.fieldcheck import Bad

HEX = "0123456789abcdef" * 4


@given(st.binary(min_size=20, max_size=20))
def test_base32_is_that_of_the_rfc(data: bytes) -> None:
    assert digest.base32(data) == base64.b32encode(data).decode().lower()


def test_a_hash_is_of_tag_and_canonical_text() -> None:
    whole = hashlib.sha256(b'b\0{"a":1,"b":"\xc3\xa4"}').digest()
    found = digest.hash_of("b", {"b": "ä", "a": 1})
    assert found == base64.b32encode(whole[:20]).decode().lower()
    assert digest.is_hash(found)
    assert digest.hash_of("i", {"b": "ä", "a": 1}) != found


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40).filter(lambda s: "\0" not in s)
)
def test_any_variant_makes_a_unit_that_an_address_can_name(cfgpath: str) -> None:
    name = title.unit("nginx-1.22", stages.SETUP, "web", cfgpath)
    assert title.parse_unit(name) == ("nginx-1.22", "setup", cfgpath, "web")
    if len(name) <= address.NAME_LENGTH:
        assert address.parse(address.format(("n1", name))) == ("n1", name)


@pytest.mark.parametrize(
    "name", ["web", "lua!build", "lua!run@web", "lua!setup@@web", "!build@", "a@b!c", "lua!build@"]
)
def test_other_names_are_no_stages(name: str) -> None:
    assert title.parse_unit(name) is None


GOOD = {
    "git+https://host/a.git#v1.0": ("git", "git+https://host/a.git", "v1.0", ""),
    "git+ssh://git@host/a#" + HEX[:40]: ("git", "git+ssh://git@host/a", HEX[:40], ""),
    "git+file:///srv/a": ("git", "git+file:///srv/a", "", ""),
    "https://host/a.tar.gz#sha256=" + HEX: ("archive", "https://host/a.tar.gz", "", HEX),
    "http://host/a?x=1": ("archive", "http://host/a?x=1", "", ""),
    "file:///srv/a.tgz": ("archive", "/srv/a.tgz", "", ""),
    "/srv/./a/": ("folder", "/srv/a", "", ""),
    "../b": ("folder", "/home/b", "", ""),
    "store:build/" + "a" * 32 + "-lua": ("store", "build", "a" * 32 + "-lua", ""),
}


@pytest.mark.parametrize("text", GOOD)
def test_urls(text: str) -> None:
    found = url.parse(text, "/home/me")
    assert tuple(found) == GOOD[text]
    assert url.parse(found.text) == found


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "http://h/a b.tar",
            "ftp://host/a",
            "https:///a.tar",
            "https://me:secret@host/a.tar.gz",
        ),
        *(
            "git+https://me@host/a",
            "git+ssh://-oProxyCommand=x/a",
            "git+ext::sh -c x",
            "git+ext::x",
        ),
        *("git+https://h/a#-x", "git+https://h/a#a..b", "https://h/a.tar#md5=1", "/srv/a#x"),
        *("store:build/x", "store:../" + "a" * 32 + "-lua", "file://host/a"),
    ],
)
def test_what_is_no_url_is_refused(text: str) -> None:
    with pytest.raises(Bad):
        url.parse(text, "/home/me")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("git@github.com:a/b.git", "did you mean git+ssh://git@github.com/a/b.git ?"),
        ("https://github.com/a/b.git", "did you mean git+https://github.com/a/b.git ?"),
        ("https://me:pw@host/b.git", "a url without a password"),
        ("git+file:/tmp/x.git", "did you mean git+file:///tmp/x.git ?"),
        ("htp://h/x.tar", "did you mean http:// ?"),
        ("git+file:///srv/a b", "a url without blanks"),
    ],
)
def test_what_was_meant_is_told(text: str, said: str) -> None:
    with pytest.raises(Bad) as told:
        url.parse(text)
    assert said in told.value.args[0]


def test_paths_may_have_blanks() -> None:
    assert url.parse("https://h/a.tar", "/home/a b").base == "https://h/a.tar"
    for text in (".", "/home/a b", "file:///home/a b", "./x /../../a b"):
        found = url.parse(text, "/home/a b")
        assert (found.kind, found.base) == ("folder", "/home/a b")
        assert url.parse(found.text) == found
    assert url.parse("a b.tar", "/home").kind == "archive"
    assert url.parse("./grün", "/home").base == "/home/grün"


def test_marks_show_their_hash_in_line_one() -> None:
    hash_ = digest.hash_of("i", {})
    data = mark.text(hash_, {"files": [["a", HEX, 0o755]]})
    assert mark.head(data[: mark.HEAD_LENGTH]) == hash_
    assert mark.body(data) == {"files": [["a", HEX, 0o755]]}
    assert all(mark.head(data[:cut]) == "" for cut in range(len(mark.HEAD) + digest.LENGTH + 1))


def test_words_are_filled_with_what_a_stage_knows() -> None:
    names = {"ROOT": "/r", "PREFIX": "/opt/$ROOT"}
    words = ["$ROOT$PREFIX/x", "${ROOT}s", "$MAINPID", "$$ROOT", "$ROOTS", "a$"]
    wanted = ["/r/opt/$ROOT/x", "/rs", "$MAINPID", "$ROOT", "$ROOTS", "a$"]
    assert filled.words(words, names) == wanted
    script = ["/bin/sh", "-c", "echo $$ $ROOT"]
    assert filled.words(script, names) == script
