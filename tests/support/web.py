"""A web server on loopback that can also misbehave, a proxy, and an authority for certificates."""

from __future__ import annotations

import hashlib
import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Act = Callable[["Handler", bytes], None]
MODIFIED = "Sun, 09 Sep 2001 01:46:40 GMT"


class Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: Any

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients of these tests go away in every way."""


class Handler(BaseHTTPRequestHandler):
    """One request: by the next act of its path's plan, else as a good server does."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        web: Web = self.server.owner
        web.requests.append((self.path, dict(self.headers)))
        path = self.path.partition("?")[0]
        self.close_connection = True
        plan = web.plan.get(path, [])
        act = plan.pop(0) if plan else None
        if act:
            act(self, web.files.get(path, b""))
        elif path.startswith("/git/") and web.git:
            self.cgi(web.git)
        elif path in web.files:
            self.good(web.files[path])
        else:
            self.answer(404, b"nothing")

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def good(self, body: bytes) -> None:
        """With a name for what it gives, and parts of it."""
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        names = {"ETag": tag, "Last-Modified": MODIFIED, "Accept-Ranges": "bytes"}
        if self.headers.get("If-None-Match") == tag:
            return self.answer(304, **names)
        wanted = self.headers.get("Range", "")
        if wanted and self.headers.get("If-Range", tag) == tag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                return self.answer(416)
            names["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            return self.answer(206, body[start:], **names)
        return self.answer(200, body, **names)

    def cgi(self, root: Path) -> None:
        """`git http-backend`"""
        path, _, query = self.path.partition("?")
        env = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path.removeprefix("/git"),
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "GIT_CONFIG_GLOBAL": "/dev/null",
        }
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        done = subprocess.run(
            ["git", "http-backend"], input=body, env=env, check=False, stdout=subprocess.PIPE
        )
        head, _, rest = done.stdout.partition(b"\r\n\r\n")
        rows = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
        self.answer(int(rows.pop("Status", "200")[:3]), rest, **rows)


class Web:
    """`files`: what stands under a path; `plan`: what is done instead, request by request."""

    def __init__(self, git: Path | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self.plan: dict[str, list[Act]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.git = git
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.owner = self
        self.scheme = "http"

    @property
    def port(self) -> int:
        return self.server.server_address[1]

    def url(self, path: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def put(self, path: str, body: bytes, *acts: Act) -> str:
        self.files[path] = body
        self.plan[path] = list(acts)
        return self.url(path)

    def tls(self, authority: Authority) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.server, authority.key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.scheme = "https"

    def __enter__(self) -> Web:
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


# -- what can go wrong --------------------------------------------------------------------------
def cut(after: int, **headers: str) -> Act:
    """Promise all, send the first bytes of what was asked for."""

    def act(handler: Handler, body: bytes) -> None:
        write = handler.wfile.write
        left = [after]

        def some(data: bytes) -> int:
            if data.startswith(b"HTTP/"):
                return write(data)
            part = data[: left[0]]
            left[0] -= len(part)
            return write(part)

        handler.wfile.write = some  # type: ignore[method-assign]
        handler.good(body)

    return act


def stall(release: threading.Event, after: int = 0) -> Act:
    """Send a few bytes, and then nothing."""

    def act(handler: Handler, body: bytes) -> None:
        cut(after)(handler, body)
        handler.wfile.flush()
        release.wait(60)

    return act


def trickle(release: threading.Event, data: bytes = b"") -> Act:
    """A byte now and then: of headers, or of a body."""

    def act(handler: Handler, _: bytes) -> None:
        with suppress(OSError):
            handler.wfile.write(data)
            while not release.wait(0.02):
                handler.wfile.write(b"x")
                handler.wfile.flush()

    return act


def status(code: int, **headers: str) -> Act:
    return lambda handler, _: handler.answer(code, b"no", **headers)


def redirect(to: str, code: int = 302) -> Act:
    return status(code, Location=to)


def raw(data: bytes) -> Act:
    """Whatever these bytes are."""
    return lambda handler, _: (handler.wfile.write(data), None)[1]


# -- around it ----------------------------------------------------------------------------------
class Authority:
    """A certificate authority of our own, and a server's certificate by it."""

    def __init__(self, folder: Path, name: str = "IP:127.0.0.1") -> None:
        folder.mkdir(exist_ok=True)
        self.file, self.key, self.server = folder / "ca.pem", folder / "key.pem", folder / "s.pem"
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        self._openssl(
            "req", "-x509", *key, "-subj", "/CN=test authority", "-keyout", "ca.key", "-out",
            "ca.pem", cwd=folder,
        )  # fmt: skip
        self._openssl(
            "req", "-x509", *key, "-subj", "/CN=server", "-addext", f"subjectAltName={name}",
            "-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", "key.pem", "-out", "s.pem", cwd=folder,
        )  # fmt: skip

    @staticmethod
    def _openssl(*words: str, cwd: Path) -> None:
        subprocess.run(["openssl", *words], cwd=cwd, check=True, capture_output=True)


class ProxyHandler(BaseHTTPRequestHandler):
    server: Server

    def do_CONNECT(self) -> None:
        if not self._let_in():
            return
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host.strip("[]"), int(port)), 10) as other:
            self.send_response(200)
            self.end_headers()
            there = threading.Thread(target=pour, args=(self.connection, other), daemon=True)
            there.start()
            pour(other, self.connection)
            there.join(10)

    def do_GET(self) -> None:
        if not self._let_in():
            return
        host, _, path = self.path.removeprefix("http://").partition("/")
        name, _, port = host.rpartition(":")
        lines = [f"{self.command} /{path} HTTP/1.1"]
        lines += [f"{k}: {v}" for k, v in self.headers.items() if not k.startswith("Proxy")]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with socket.create_connection((name, int(port)), 10) as other:
            other.sendall("\r\n".join([*lines, "", ""]).encode() + body)
            pour(other, self.connection)

    do_POST = do_GET

    def _let_in(self) -> bool:
        proxy: Proxy = self.server.owner
        self.close_connection = True
        proxy.requests.append(f"{self.command} {self.path}")
        if proxy.login and self.headers.get("Proxy-Authorization") != proxy.login:
            self.send_response(407)
            self.send_header("Proxy-Authenticate", "Basic realm=x")
            self.end_headers()
            return False
        return True

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def pour(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


class Proxy:
    """`login`: the header that it wants to see."""

    def __init__(self, login: str = "") -> None:
        self.login = login
        self.requests: list[str] = []
        self.server = Server(("127.0.0.1", 0), ProxyHandler)
        self.server.owner = self

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.server_address[1]}"

    __enter__ = Web.__enter__  # type: ignore[assignment]
    __exit__ = Web.__exit__  # type: ignore[assignment]


@contextmanager
def web(git: Path | None = None) -> Iterator[Web]:
    with Web(git) as server:
        yield server
