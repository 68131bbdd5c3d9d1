"""What a url gives: by an own CA, through a proxy, and what servers do wrong."""

from __future__ import annotations

import io
import socket
import ssl
import subprocess
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from enve_pm.loader import web
from enve_pm.loader.trouble import Nothing, Trouble

OK = b"HTTP/1.1 200 OK\r\n"


class Peer:
    """Gives the same bytes to everybody who connects; `asked`: what they said."""

    def __init__(self, answer: bytes, context: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.context = context
        self.asked: list[bytes] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            try:
                if self.context is not None:
                    peer = self.context.wrap_socket(peer, server_side=True)
                self.asked.append(peer.recv(4096))
                peer.sendall(self.answer)
            except OSError:
                pass
            finally:
                peer.close()

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


@pytest.fixture
def peers() -> Iterator[list[Peer]]:
    made: list[Peer] = []
    yield made
    for peer in made:
        peer.close()


def fetch(url: str, ca: str = "", limit: int = 1000) -> tuple[bytes, dict[str, str]]:
    target = io.BytesIO()
    marks = web.fetch(url, ca, {}, target, limit)
    return target.getvalue(), marks


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (OK + b"Content-Length: 9\r\n\r\nshort", "broke off after 5 of 9"),
        (OK + b"\r\n" + bytes(2000), "larger than 1000 bytes"),
        (b"HTTP/1.1 302 Go\r\nLocation: ftp://h/a\r\n\r\n", "another scheme"),
        (b"HTTP/1.1 302 Go\r\nLocation: https://h/a\r\n\r\n", "another scheme"),
        (b"HTTP/1.1 302 Go\r\nLocation: file:///etc/shadow\r\n\r\n", "302 a redirect that is not"),
        (b"HTTP/1.1 302 Go\r\nLocation: data:,x\r\n\r\n", "not followed$"),
        (b"HTTP/1.1 302 Go\r\nLocation: /\r\n\r\n", "302"),
        (b"HTTP/1.1 304 Same\r\n\r\n", "304 Same"),  # nothing is held that could be the same
        (b"HTTP/1.1 404 No\r\n\r\n", "404 No"),
        (b"", "closed connection"),
        (b"SSH-2.0-x\r\n", "SSH-2.0-x"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nfff\r\nx", "127.0.0.1"),
    ],
)
def test_what_is_wrong_is_named(peers: list[Peer], answer: bytes, why: str) -> None:
    peers.append(Peer(answer))
    with pytest.raises(Trouble, match=why):
        fetch(f"http://127.0.0.1:{peers[0].port}/a?secret")


def test_what_comes_with_a_redirect_is_not_read(peers: list[Peer]) -> None:
    peers.append(
        Peer(b"HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:1/\r\n\r\n" + bytes(64 << 20))
    )
    tracemalloc.start()
    with pytest.raises(Trouble, match="refused"):
        fetch(f"http://127.0.0.1:{peers[0].port}/")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 8 << 20


@pytest.mark.parametrize("host", ["[x", "a]", "127.0.0.1:" + "9" * 20])
def test_a_url_that_is_none(host: str) -> None:
    with pytest.raises(Trouble):
        fetch(f"http://{host}/")


def test_a_query_is_not_shown(peers: list[Peer]) -> None:
    peers.append(Peer(b"HTTP/1.1 500 Oh\r\n\r\n"))
    with pytest.raises(Trouble) as caught:
        fetch(f"http://127.0.0.1:{peers[0].port}/a?secret")
    assert "secret" not in str(caught.value)
    assert web.plain("https://user:secret@host:1/a?secret#secret") == "https://host:1/a"


def test_not_modified(peers: list[Peer]) -> None:
    peers.append(Peer(b"HTTP/1.1 304 Same\r\n\r\n"))
    with pytest.raises(Nothing):
        web.fetch(f"http://127.0.0.1:{peers[0].port}/", "", {"ETag": '"x"'}, io.BytesIO(), 9)
    assert b'If-None-Match: "x"' in peers[0].asked[0].replace(b"If-none-match", b"If-None-Match")


def test_a_proxy(peers: list[Peer], monkeypatch: pytest.MonkeyPatch) -> None:
    peers.append(Peer(OK + b'ETag: "e"\r\n\r\nbytes'))
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{peers[0].port}")
    monkeypatch.delenv("no_proxy", raising=False)
    assert fetch("http://plans.example/a") == (b"bytes", {"ETag": '"e"'})
    assert peers[0].asked[0].startswith(b"GET http://plans.example/a ")


def test_an_own_ca(peers: list[Peer], tmp_path: Path) -> None:
    ca, key = tmp_path / "ca.pem", tmp_path / "key.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    words += ["-nodes", "-subj", "/CN=here", "-addext", "subjectAltName=IP:127.0.0.1"]
    words += ["-days", "2", "-out", str(ca), "-keyout", str(key)]
    subprocess.run(words, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca, key)
    peers.append(Peer(OK + b"\r\nbytes", context))
    url = f"https://127.0.0.1:{peers[0].port}/a"
    assert fetch(url, str(ca))[0] == b"bytes"
    with pytest.raises(Trouble, match="CERTIFICATE_VERIFY_FAILED"):
        fetch(url)
    with pytest.raises(Trouble, match="No such file"):
        fetch(url, str(tmp_path / "none"))
