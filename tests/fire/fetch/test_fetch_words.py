"""What is decided without acting: proxies, references, submodules, names, views, git's words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve_fire.core import url as urls
from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_fire.fetch import plain
from enve_fire.fetch.archive.view import View, suffix
from enve_fire.fetch.git import modules, refs
from enve_fire.fetch.git.words import explained
from enve_fire.fetch.record import file_of, title_of
from enve_fire.fetch.web.proxy import proxy
from enve_pm.core.fieldcheck import Bad

P = {"http_proxy": "http://p:3128"}


@pytest.mark.parametrize(
    ("environ", "host", "found"),
    [
        ({}, "h", None),
        (P, "h", ("p", 3128, "")),
        ({"HTTP_PROXY": "http://p:1"}, "h", None),
        ({"ALL_PROXY": "p"}, "h", ("p", 8080, "")),
        ({"http_proxy": "http://u%40x:pw@[::1]:99/"}, "h", ("::1", 99, "Basic dUB4OnB3")),
        ({**P, "no_proxy": "*"}, "h", None),
        ({**P, "NO_PROXY": "x, h"}, "H", None),
        ({**P, "no_proxy": ".b.org"}, "a.b.org", None),
        ({**P, "no_proxy": "b.org"}, "ab.org", ("p", 3128, "")),
        ({**P, "no_proxy": "h:81"}, "h", ("p", 3128, "")),
        ({**P, "no_proxy": "h:80"}, "h", None),
        ({**P, "no_proxy": "10.0.0.0/8"}, "10.1.2.3", None),
        ({**P, "no_proxy": "fd00::/8,[::1]:80"}, "::1", None),
        ({**P, "no_proxy": ",,"}, "h", ("p", 3128, "")),
    ],
)
def test_which_proxy(environ: dict[str, str], host: str, found: object) -> None:
    assert proxy("http", host, 80, environ) == found


@pytest.mark.parametrize(
    "text", ["socks5://u:secret@h", "https://h", "http://", "http://h:port", "//"]
)
def test_proxies_that_are_none_for_us(text: str) -> None:
    with pytest.raises(Trouble, match="wanted http://HOST:PORT") as error:
        proxy("http", "h", 80, {"http_proxy": text})
    assert "secret" not in str(error.value)


ID = "a" * 40
LAN = {"ENVE_FETCH_PLAIN": "10.0.0.0/8,.lan:8080"}


@pytest.mark.parametrize(
    ("url", "environ"),
    [
        ("https://h/a.tar", {}),
        ("git+https://h/a#main", {}),
        ("git+ssh://h/a#main", {}),
        ("http://h/a.tar#sha256=" + "0" * 64, {}),
        ("git+http://h/a#" + ID, {}),
        ("http://127.0.0.1:99/a.tar", {}),
        ("git+http://[::1]/a", {}),
        ("http://localhost/a.tar", {}),
        ("http://10.1.2.3/a.tar", LAN),
        ("git+http://git.lan:8080/a", LAN),
        ("file:///a.tar", {}),
    ],
)
def test_what_comes_is_what_was_meant(url: str, environ: dict[str, str]) -> None:
    plain.judge(urls.parse(url), environ)


@pytest.mark.parametrize(
    ("url", "pin"),
    [
        ("http://h/a.tar", "#sha256=HEX"),
        ("http://127.0.0.1.h/a.tar", "#sha256=HEX"),
        ("http://git.lan/a.tar", "#sha256=HEX"),
        ("git+http://h/a", "a commit id"),
        ("git+http://h/a#" + ID[1:], "a commit id"),
    ],
)
def test_plain_http_is_no_way_for_what_is_not_pinned(url: str, pin: str) -> None:
    with pytest.raises(Trouble, match="plain http, where anybody on the way can answer") as told:
        plain.judge(urls.parse(url), LAN)
    assert told.value.code == CHECKOUT
    assert pin in told.value.hint
    assert "ENVE_FETCH_PLAIN=" in told.value.hint


def test_references_as_git_has_them() -> None:
    found = refs.listed(f"{ID}\trefs/heads/v1\n{ID}\trefs/tags/v1\nnonsense\n{'b' * 39}\tx\n")
    assert refs.chosen("v1", found) == "refs/tags/v1"
    assert refs.chosen("refs/heads/v1", found) == "refs/heads/v1"
    assert refs.chosen("v2", found) == refs.chosen("", found) == ""
    assert refs.hint("v2", ["refs/heads/main"]) == "there are: main"
    assert refs.hint("mian", ["refs/heads/main", "refs/tags/x"]) == "did you mean main?"
    assert refs.hint("v2", ["refs/heads/main", "refs/heads/\x1b]0;x"]) == "there are: main"
    assert "..." in refs.hint("zzz", [f"refs/tags/{n}" for n in range(20)])


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("../c.git", "git+https://h/a/c.git"),
        ("./c", "git+https://h/a/b.git/c"),
        ("../../../../c", "git+https://h/c"),
        ("https://x/y", "git+https://x/y"),
        ("ssh://u@x/y", "git+ssh://u@x/y"),
        ("git@x:o/y.git", "git+ssh://git@x/o/y.git"),
        ("/srv/y", "git+file:///srv/y"),
        ("ext::sh", "ext::sh"),
    ],
)
def test_where_a_submodule_lies(said: str, found: str) -> None:
    absolute = modules.absolute(said, "git+https://h/a/b.git")
    assert absolute == found or (said == "ext::sh" and absolute.startswith("git+ssh://ext/"))


def test_submodules_have_a_bound() -> None:
    with pytest.raises(Trouble, match="more than 256"):
        modules.modules([("p", ID)] * 257, "", "git+https://h/a", "")


@pytest.mark.parametrize(
    ("base", "title", "file"),
    [
        ("https://h/a/lua-5.4.4.tar.gz", "lua-5.4.4", "lua-5.4.4.tar.gz"),
        ("git+https://h/a/b.git", "b", "b.git"),
        ("https://h/x y!.zip?q=1", "x_y_", "x_y_.zip"),
        ("https://h", "h", "h"),
        ("/srv/.hidden/", "hidden", "hidden"),
        ("/-.-", "none", "none"),
        ("/" + "n" * 300 + ".tgz", "n" * 60, "n" * 60 + ".tgz"),
    ],
)
def test_what_an_entry_is_called(base: str, title: str, file: str) -> None:
    assert (title_of(base), file_of(base)) == (title, file)


def test_usual_views_say_nothing() -> None:
    assert suffix(1, "") == ""
    others = {suffix(0, ""), suffix(1, "a"), suffix(1, "", True), suffix(2, "")}
    assert len(others) == 4


STEP = st.sampled_from(["a", "b", "..", "."])


@given(st.lists(STEP, max_size=6), st.lists(st.sampled_from("ab"), min_size=2, max_size=5))
def test_a_link_is_rewritten_only_to_the_same_place(way: list[str], at: list[str]) -> None:
    """By a walk without links."""
    view = View(1)
    seen = view.of(tuple(at), False)
    assert seen is not None
    target = "/".join(way)
    found = view.link(tuple(at), target)
    if found == target:
        return
    assert walk([*at[:-1]], way) == [at[0], *walk(list(seen[:-1]), found.split("/"))]


def walk(here: list[str], way: list[str]) -> list[str]:
    for step in way:
        if step == "..":
            here = here[:-1]
        elif step not in (".", ""):
            here = [*here, step]
    return here


def test_what_git_says_names_what_it_was_about() -> None:
    said = explained("warning: x\nfatal: unable to access 'http://h/': Could not resolve host: h\n")
    assert said.passing
    assert said.message.startswith("no such host")
    assert "'http://h/'" in said.message
    assert explained("").message == "git: it says nothing"
    assert "\x1b" not in explained("fatal: \x1b[2J evil").message


@pytest.mark.parametrize("host", ["$(id)", "`id`", "a%24(id)", "a;id", "u&v@h", "h%0aid", "'h"])
def test_no_host_is_words_for_a_shell(host: str) -> None:
    """ssh hands them on as they are, where its configuration says ProxyCommand or Match exec."""
    with pytest.raises(Bad, match="signs that a shell takes"):
        urls.parse(f"git+ssh://{host}/x")


@pytest.mark.parametrize("host", ["h", "me@h-1.b_c:22", "me%40b.org@h", "[fe80::1]:22"])
def test_other_hosts_are(host: str) -> None:
    assert urls.parse(f"git+ssh://{host}/x").base == f"git+ssh://{host}/x"
