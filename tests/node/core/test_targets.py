"""Where pm asks whether a service is there: read the same on the controller and on the node."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve_pm.core import target, vitals
from enve_pm.core.target import Place

ADDRESSES = [
    ("127.0.0.1:80", "127.0.0.1", 80),
    ("10.20.30.255:65535", "10.20.30.255", 65535),
    ("localhost:8080", "127.0.0.1", 8080),
    ("[::1]:80", "::1", 80),
    ("[fe80:0:0:0:1:2:3:4]:80", "fe80:0:0:0:1:2:3:4", 80),
    ("[::]:80", "::", 80),
]


@pytest.mark.parametrize(("text", "host", "port"), ADDRESSES)
def test_addresses(text: str, host: str, port: int) -> None:
    assert target.address(text) == Place(host, port, "", text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "80", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536"),
        *("127.0.0.1:٣", "127.0.0.1: 80", "256.0.0.1:80", "1.2.3:80", "01.2.3.4:80"),
        *("example.com:80", "::1:80", "[::1:80", "[1:2]:80", "[::1%lo]:80", "[1::2::3]:80"),
        *("[12345::]:80", "[g::]:80", "[1:2:3:4:5:6:7:8:9]:80", "[::1.2.3.4]:80"),
    ],
)
def test_no_addresses(text: str) -> None:
    with pytest.raises(target.TargetError):
        target.address(text)


URLS = [
    ("http://127.0.0.1/", Place("127.0.0.1", 80, "/", "127.0.0.1")),
    ("http://127.0.0.1", Place("127.0.0.1", 80, "/", "127.0.0.1")),
    ("http://localhost:8080/a?b=c:9", Place("127.0.0.1", 8080, "/a?b=c:9", "localhost:8080")),
    ("http://[::1]/x", Place("::1", 80, "/x", "[::1]")),
    ("http://[::1]:81/x/y", Place("::1", 81, "/x/y", "[::1]:81")),
]


@pytest.mark.parametrize(("text", "place"), URLS)
def test_urls(text: str, place: Place) -> None:
    assert target.url(text) == place


@pytest.mark.parametrize(
    "text",
    [
        *("", "127.0.0.1/", "https://127.0.0.1/", "ftp://127.0.0.1/", "http://", "http:///x"),
        *("http://example.com/", "http://u@127.0.0.1/", "http://127.0.0.1:x/", "http://:80/"),
        *("http://127.0.0.1/a b", "http://127.0.0.1/a\r\nX: y", "http://127.0.0.1/ä"),
        *("http://127.0.0.1/#x", "http://127.0.0.1?x", "http://127.0.0.1:/", "http://::1/"),
    ],
)
def test_no_urls(text: str) -> None:
    with pytest.raises(target.TargetError):
        target.url(text)


@given(st.ip_addresses(v=6).map(str) | st.text("0123456789abcdef:", max_size=45))
def test_hosts_are_those_of_the_library(text: str) -> None:
    known = False
    with suppress(ValueError):
        known = bool(ipaddress.IPv6Address(text)) and "." not in text
    found = False
    with suppress(target.TargetError):
        found = bool(target.address(f"[{text}]:1"))
    assert found == known


@given(st.text(max_size=40))
def test_nothing_else_is_raised(text: str) -> None:
    for read in (target.address, target.url):
        with suppress(target.TargetError):
            read(text)


WORDS: list[tuple[dict[str, Any], str]] = [
    ({"how": "tcp", "address": "[::1]:1"}, "tcp [::1]:1"),
    ({"how": "http", "url": "http://127.0.0.1/"}, "http http://127.0.0.1/"),
    ({"how": "unix", "socket": "s"}, "unix s"),
    ({"how": "file", "path": "f"}, "file f"),
    ({"how": "command", "command": ["x"]}, ""),
    ({"how": "wait", "ms": 1}, ""),
    ({}, ""),
]


@pytest.mark.parametrize(("body", "text"), WORDS)
def test_words(body: dict[str, Any], text: str) -> None:
    assert vitals.describe(body) == text
