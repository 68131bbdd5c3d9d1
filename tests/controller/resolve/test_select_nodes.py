"""Patterns that mean nodes."""

from __future__ import annotations

import pytest

from enve.core.resolve import select_nodes
from enve.core.terms import split_terms
from enve.errors import UsageError
from enve.model.site import Connection, Domain, Node

NAMES = ("web01", "web02", "web03", "db1", "a.example.com")
GROUPS = {"web": ("web01", "web02", "web03"), "odd": ("web01", "web03", "db1"), "db": ("db1",)}
DOMAIN = Domain("x", {name: Node(name, Connection(host=name)) for name in NAMES}, GROUPS)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("all", "web01 web02 web03 db1 a.example.com"),
        ("*", "web01 web02 web03 db1 a.example.com"),
        ("web01", "web01"),
        ("web", "web01 web02 web03"),
        ("group:web", "web01 web02 web03"),
        ("group:w*", "web01 web02 web03"),
        ("web*", "web01 web02 web03"),
        ("web0?", "web01 web02 web03"),
        ("*1", "web01 db1"),
        ("d*", "db1"),
        ("web:db", "web01 web02 web03 db1"),
        ("db1,web02", "web02 db1"),
        ("web:&odd", "web01 web03"),
        ("web:!web02", "web01 web03"),
        ("!web", "db1 a.example.com"),
        ("web:!odd:db", "web02"),
        ("group:web:&group:odd", "web01 web03"),
        ("web[0]", "web01"),
        ("web[-1]", "web03"),
        ("web[-2]", "web02"),
        ("web[1:2]", "web02 web03"),
        ("web[:1]", "web01 web02"),
        ("web[-2:-1]", "web02 web03"),
        ("web[1:]", "web02 web03"),
        ("web[01:02]", "web02 web03"),
        ("web0[1:2]", "web01 web02"),
        ("~web0[13]", "web01 web03"),
        ("~^(db|a):?", "db1 a.example.com"),
        ("a.example.com", "a.example.com"),
        ("*.example.com", "a.example.com"),
        ("[a.example.com].pm1.x", "a.example.com"),
        ("web01.tenants.shop", "web01"),
        ("web*.**", "web01 web02 web03"),
        (" web01 , db1 ", "web01 db1"),
    ],
)
def test_what_a_pattern_means(pattern: str, found: str) -> None:
    assert [node.name for node in select_nodes(DOMAIN, [pattern])] == found.split()


def test_several_terms_are_one_pattern() -> None:
    assert [node.name for node in select_nodes(DOMAIN, ["web", "!web01"])] == ["web02", "web03"]


@pytest.mark.parametrize(
    ("pattern", "error", "hint"),
    [
        ("wbe01", "no node matches 'wbe01'", "did you mean 'web01'?"),
        ("web:wen", "no node matches 'wen'", "did you mean 'web'?"),
        ("group:webb", "no group matches 'webb'", "did you mean 'web'?"),
        ("zzz*", "no node matches 'zzz*'", "groups: web odd db; nodes: web01 web02"),
        ("web05.x", "no node matches 'web05.x'", "did you mean 'web0"),
        ("~[", "'[' is no regular expression", ""),
        ("web0[1:9]", "there is no node 'web04'", ""),
        ("web:!web", "'web:!web' leaves no node", "not together"),
        ("web:!nothing-like-it", "no node matches", ""),
        ("", "an empty pattern", ""),
        ("x" * 5000, "a pattern of 5000 characters", ""),
        ("web0[3:1]", "the range [3:1] is empty", ""),
        ("web[0-1]", "no node matches 'web[0-1]'", ""),
        ("web[]", "no node matches 'web[]'", ""),
    ],
)
def test_a_term_that_means_nothing(pattern: str, error: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        select_nodes(DOMAIN, [pattern])
    assert error in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.exit_code == 64


def test_terms_keep_groups_and_brackets_whole() -> None:
    terms = split_terms(["group:a:!group:b,&x[0:3]", "~a:b,c"])
    assert [sign + text for sign, text in terms] == ["group:a", "!group:b", "&x[0:3]", "~a:b,c"]
