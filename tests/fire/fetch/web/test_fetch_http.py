"""Downloads: what servers do to them, and what is kept."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.fetching import Fetcher
from tests.support.packed import PACKERS, tar, tree
from tests.support.web import Authority, Proxy, Web, cut, raw, redirect, stall, status, trickle

from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_fire.fetch.web import download, tempo

BODY = PACKERS["tar.gz"](tar(("lua-5.4/x", b"1"), ("lua-5.4/s/y", b"2")))
BIG = tar(("big/x", bytes(range(256)) * 4000))
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
FOUND = {"s": None, "s/y": b"2", "x": b"1"}


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as server:
        yield server


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PAUSE", 0.01)


def refused(fetcher: Fetcher, url: str, text: str, **how: object) -> Trouble:
    with pytest.raises(Trouble, match=text) as error:
        fetcher(url, **how)
    assert error.value.code == CHECKOUT
    return error.value


def test_an_archive_is_fetched_once(web: Web, fetcher: Fetcher) -> None:
    url = web.put("/lua-5.4.tar.gz", BODY)
    found = fetcher(url)
    assert tree(Path(found.path)) == FOUND
    assert found.source == "sha256:" + sha(BODY)
    assert found.pinned.text == f"{url}#sha256={sha(BODY)}"
    assert found.epoch == 1_000_000_000
    assert found.entry.endswith("-lua-5.4")
    assert not found.private
    assert fetcher(url) == found == fetcher(found.pinned.text)
    shutil.rmtree(found.path)  # what was downloaded is still there
    assert fetcher(url) == found
    assert len(web.requests) == 1


def test_a_refresh_asks_whether_it_is_the_same(web: Web, fetcher: Fetcher) -> None:
    url = web.put("/a.tar.gz", BODY)
    first = fetcher(url)
    assert fetcher(url, refresh="always") == first
    assert "If-None-Match" in web.requests[-1][1]
    other = PACKERS["tar.gz"](tar(("a/x", b"other")))
    web.files["/a.tar.gz"] = other
    assert fetcher(url) == first
    assert fetcher(url, refresh=1000) == first
    moved = fetcher(url, refresh="always")
    assert moved.pinned.text == f"{url}#sha256={sha(other)}"
    assert moved.source == "sha256:" + sha(other)
    assert tree(Path(fetcher(url).path)) == {"x": b"other"}
    assert len(web.requests) == 3


def test_a_hash_that_differs(web: Web, fetcher: Fetcher) -> None:
    url = web.put("/a.tar.gz", BODY)
    trouble = refused(fetcher, f"{url}#sha256={'0' * 64}", "wanted sha256 000")
    assert sha(BODY) in trouble.message
    assert tree(Path(fetcher(f"{url}#sha256={sha(BODY)}").path)) == FOUND


def test_a_download_that_is_cut_goes_on(web: Web, fetcher: Fetcher) -> None:
    url = web.put("/big.tar", BIG, cut(400_000), cut(300_000))
    assert fetcher(url).source == "sha256:" + sha(BIG)
    starts = [headers.get("Range") for _, headers in web.requests]
    assert starts == [None, "bytes=400000-", "bytes=700000-"]


def test_a_download_goes_on_in_another_process(web: Web, fetcher: Fetcher) -> None:
    url = web.put("/big.tar", BIG, cut(600_000), *[status(503)] * 4)
    assert "what came is kept" in refused(fetcher, url, "answers 503").hint
    assert fetcher(url).source == "sha256:" + sha(BIG)
    assert web.requests[-1][1]["Range"] == "bytes=600000-"


def test_what_changed_meanwhile_is_not_put_together(web: Web, fetcher: Fetcher) -> None:
    other = tar(("big/x", b"z" * 1_000_000))
    url = web.put("/big.tar", BIG, cut(400_000), *[status(503)] * 4)
    refused(fetcher, url, "503")
    web.files["/big.tar"] = other
    assert fetcher(url).source == "sha256:" + sha(other)


def test_a_server_that_puts_two_files_together(web: Web, fetcher: Fetcher) -> None:
    """Its names are wrong: the hash tells, and it is fetched anew."""
    wrong = b"z" * 400_000
    same = {"ETag": '"same"', "Content-Length": str(len(BIG))}

    def first(handler, _):  # type: ignore[no-untyped-def]
        handler.answer(200, wrong, **same)

    def rest(handler, _):  # type: ignore[no-untyped-def]
        part = f"bytes 400000-{len(BIG) - 1}/{len(BIG)}"
        handler.answer(206, BIG[400_000:], ETag='"same"', Content_Range=part)

    url = web.put("/big.tar", BIG, first, rest)
    assert fetcher(f"{url}#sha256={sha(BIG)}").source == "sha256:" + sha(BIG)
    assert "Range" not in web.requests[-1][1]


def test_it_is_tried_three_times_more(web: Web, fetcher: Fetcher) -> None:
    url = web.put("/a.tar.gz", BODY, cut(0), status(502), raw(b"nonsense\r\n\r\n"))
    assert tree(Path(fetcher(url).path)) == FOUND
    url = web.put("/b.tar.gz", BODY, *[status(500)] * 4)
    assert refused(fetcher, url, "answers 500").hint == "try again later"
    assert len(web.requests) == 8


def test_a_server_says_when_to_come_back(web: Web, fetcher: Fetcher) -> None:
    url = web.put("/a.tar.gz", BODY, status(429, Retry_After="1"))
    assert tree(Path(fetcher(url).path)) == FOUND
    assert [line for line in fetcher.lines if "429" in line] == [
        f"{url}: the server answers 429; again in 1 s"
    ]
    url = web.put("/b.tar.gz", BODY, status(503, Retry_After="100000"))
    assert "100000 s" in refused(fetcher, url, "503").hint


@pytest.mark.parametrize(
    ("code", "hint"), [(404, "url is right"), (401, "git\\+ssh"), (410, "gone"), (418, "")]
)
def test_what_is_not_there_is_not_asked_again(
    web: Web, fetcher: Fetcher, code: int, hint: str
) -> None:
    trouble = refused(fetcher, web.put("/a.tar.gz", BODY, status(code)), f"answers {code}")
    assert len(web.requests) == 1
    assert (hint.replace("\\", "") in trouble.hint) if hint else not trouble.hint


def test_redirects(web: Web, fetcher: Fetcher) -> None:
    web.put("/a.tar.gz", BODY)
    for n in range(4):
        web.put(f"/{n}", b"", redirect("/a.tar.gz" if n == 0 else f"/{n - 1}", 301 + n % 2))
    assert tree(Path(fetcher(web.url("/2")).path)) == FOUND
    for n in range(4):
        web.plan[f"/{n}"] = [redirect(f"/{n - 1}")]
    refused(fetcher, web.url("/3"), "more than 3 redirects")
    for to in ("file:///etc/passwd", "ftp://127.0.0.1/x", "http://u:p@127.0.0.1/x"):
        refused(fetcher, web.put("/x", b"", redirect(to)), "is not https|wanted http")
    refused(fetcher, web.put("/x", b"", redirect("http://[")), "is not https")
    refused(fetcher, web.put("/x", b"", status(302)), "answers 302")


def test_size_is_limited(web: Web, fetcher: Fetcher) -> None:
    url = web.put("/big.tar", BIG)
    refused(fetcher, url, "more than 1000000 bytes", limit=1_000_000)
    endless = raw(b"HTTP/1.0 200 OK\r\n\r\n" + BIG)
    refused(fetcher, web.put("/e.tar", b"", endless), "more than 1000000", limit=1_000_000)
    fetcher.environ["ENVE_FETCH_LIMIT"] = "900K"
    assert "ENVE_FETCH_LIMIT=10G" in refused(fetcher, url, "more than 921600 bytes").hint
    fetcher.environ["ENVE_FETCH_LIMIT"] = "much"
    with pytest.raises(Trouble, match="ENVE_FETCH_LIMIT: wanted a size"):
        fetcher(url)


def test_a_server_that_lies_about_length(web: Web, fetcher: Fetcher) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
    refused(fetcher, web.put("/s.tar.gz", b"", raw(head % 50 + BODY)), "cut short")
    for n in range(4):
        web.plan.setdefault("/l.tar.gz", []).append(raw(head % (len(BODY) + n + 1) + BODY))
    refused(fetcher, web.url("/l.tar.gz"), "cut off after")
    refused(fetcher, web.put("/n.tar.gz", b"", *[raw(head % 0)] * 2), "found ")


def test_headers_that_could_not_be_sent_back(web: Web, fetcher: Fetcher) -> None:
    odd = b'ETag: "\x01"\r\n y\r\nLast-Modified: \x80\r\nContent-Length: %s\r\n\r\n'
    length = [b"9" * 5000, "²".encode("latin-1"), str(len(BODY) * 2).encode()]
    acts = [raw(b"HTTP/1.1 200 OK\r\n" + odd % one + BODY) for one in length]
    for act in acts[:2]:
        assert tree(Path(fetcher(web.put("/a.tar.gz", BODY, act), refresh="always").path)) == FOUND
    assert tree(Path(fetcher(web.put("/b.tar.gz", BODY, acts[2])).path)) == FOUND
    assert "Range" not in web.requests[-1][1]


def test_chunks(web: Web, fetcher: Fetcher) -> None:
    body = CHUNKED + b"%x\r\n%s\r\n" % (len(BODY), BODY)
    url = web.put("/a.tar.gz", b"", raw(body + b"0\r\n\r\n"))
    assert tree(Path(fetcher(url).path)) == FOUND
    refused(fetcher, web.put("/b.tar.gz", b"", *[raw(body[:-40])] * 4), "no good answer")


def test_slow_servers(web: Web, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "RETRIES", 0)
    fetcher.patience = 0.3
    end = threading.Event()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    try:
        for name, act in {
            "silent": stall(end),
            "headers": trickle(end, b"HTTP/1.1 200 OK\r\nX-A: "),
            "body": trickle(end, head),
            "stalls": stall(end, 10),
            "trailer": trickle(end, CHUNKED + b"0\r\nX: "),
        }.items():
            refused(fetcher, web.put(f"/{name}.tar", BIG, act), "too slow|says nothing")
    finally:
        end.set()


def test_what_is_no_archive(web: Web, fetcher: Fetcher) -> None:
    trouble = refused(fetcher, web.put("/a.tar.gz", b"<!DOCTYPE html><p>hello"), "found a web page")
    assert "web page" in trouble.hint
    refused(fetcher, web.put("/b.tar.gz", b""), "found an empty file")
    refused(fetcher, web.put("/c.tar.gz", b"\x7fELF" * 200), "found something else")


def test_nothing_is_told_of_where_a_redirect_leads(web: Web, fetcher: Fetcher) -> None:
    with Web() as within:
        within.put("/meta", b"secret=1\n")
        within.put("/bare", b"", *[raw(b"secret 1\r\n")] * 4)
        for path in ("/meta", "/bare"):
            url = web.put(path + ".tar", b"", *[redirect(within.url(path))] * 4)
            trouble = refused(fetcher, url, "found text|no good answer")
            assert "secret" not in f"{trouble} {trouble.hint} {fetcher.lines}"


def test_a_server_whose_pieces_come_in_time_and_the_whole_never(
    web: Web, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "PIECE", 2)
    monkeypatch.setattr(tempo, "GRACE", 0.2)
    end = threading.Event()
    try:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
        trouble = refused(fetcher, web.put("/a.tar", BIG, trickle(end, head)), "too slow: 0 KiB")
    finally:
        end.set()
    assert "goes on where it stopped" in trouble.hint


def test_a_server_that_is_not_there(fetcher: Fetcher) -> None:
    with Web() as server:
        url = server.url("/a.tar.gz")
    trouble = refused(fetcher, url, "Connection refused")
    assert "see the host and its port" in trouble.hint
    refused(fetcher, "http://nowhere.invalid/a.tar.gz", "nowhere.invalid")


# -- TLS and proxies -------------------------------------------------------------------------------
def test_https_by_an_authority_of_our_own(fetcher: Fetcher, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    with Web() as web:
        web.tls(authority)
        url = web.put("/a.tar.gz", BODY)
        assert "SSL_CERT_FILE" in refused(fetcher, url, "certificate").hint
        fetcher.environ["SSL_CERT_FILE"] = str(authority.file)
        assert tree(Path(fetcher(url).path)) == FOUND
        down = web.put("/b.tar.gz", b"", redirect(url.replace("https", "http")))
        refused(fetcher, down, "is not https")
        refused(fetcher, web.url("/a.tar.gz").replace("127.0.0.1", "localhost"), "certificate")
        fetcher.environ["SSL_CERT_FILE"] = str(tmp_path / "none")
        refused(fetcher, web.url("/c.tar.gz"), "SSL_CERT_FILE")


def test_https_of_a_server_that_speaks_http(web: Web, fetcher: Fetcher) -> None:
    refused(fetcher, web.put("/a.tar.gz", BODY).replace("http", "https"), "TLS|says nothing")


def test_through_a_proxy(web: Web, fetcher: Fetcher, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    with Proxy() as proxy, Web() as secure:
        secure.tls(authority)
        fetcher.environ.update(
            http_proxy=f"http://{proxy.address}/",
            https_proxy=proxy.address,
            SSL_CERT_FILE=str(authority.file),
        )
        url, secured = web.put("/a.tar.gz", BODY), secure.put("/b.tar.gz", BODY)
        assert tree(Path(fetcher(url).path)) == tree(Path(fetcher(secured).path)) == FOUND
        assert proxy.requests == [f"GET {url}", f"CONNECT 127.0.0.1:{secure.port}"]
        fetcher.environ["no_proxy"] = "example.org,127.0.0.0/8"
        fetcher(url, refresh="always")
        assert len(proxy.requests) == 2


def test_nobody_is_asked_where_anybody_could_answer(fetcher: Fetcher) -> None:
    with Proxy() as proxy:
        fetcher.environ["http_proxy"] = f"http://{proxy.address}/"
        url = "http://plain.invalid/a.tar.gz"
        for refused_one in (url, "git+http://plain.invalid/a"):
            refused(fetcher, refused_one, "plain http")
        assert proxy.requests == []
        fetcher.environ["ENVE_FETCH_PLAIN"] = "plain.invalid"
        with pytest.raises(Trouble):  # the proxy knows no such host
            fetcher(url)
        assert set(proxy.requests) == {f"GET {url}"}


def connections(port: int) -> int:
    """Sockets that lead there, and that a process holds: those that were closed have no inode."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[2].endswith(f":{port:04X}") and row[9] != "0" for row in rows)


def test_a_proxy_that_wants_a_password(web: Web, fetcher: Fetcher, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    with Proxy("Basic bWU6c2VjcmV0") as proxy, Web() as secure:
        secure.tls(authority)
        url, secured = web.put("/a.tar.gz", BODY), secure.put("/b.tar.gz", BODY)
        fetcher.environ.update(SSL_CERT_FILE=str(authority.file), all_proxy=proxy.address)
        assert "USER:PASSWORD" in refused(fetcher, url, "answers 407").hint
        trouble = refused(fetcher, secured, "proxy refuses: 407")
        assert not connections(proxy.server.server_address[1]), trouble
        fetcher.environ["all_proxy"] = f"http://me:secret@{proxy.address}"
        assert tree(Path(fetcher(url).path)) == tree(Path(fetcher(secured).path)) == FOUND
        fetcher.environ["all_proxy"] = "socks5://me:secret@127.0.0.1:1"
        assert "secret" not in str(refused(fetcher, web.url("/c.tar.gz"), "all_proxy|http_proxy"))
