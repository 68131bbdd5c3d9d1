"""A service that answers connections as a test wants it to, in threads of the test."""

from __future__ import annotations

import socket
import threading
from types import TracebackType


class Listener:
    """Says `answer` to whoever connects; None: says nothing and keeps the connection. `port` 0: any
    that is free. `heard`: what was sent to it."""

    def __init__(self, answer: bytes | None = b"", port: int = 0, path: str = "") -> None:
        self.answer = answer
        self.heard: list[bytes] = []
        self._held: list[socket.socket] = []
        family = socket.AF_UNIX if path else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(path or ("127.0.0.1", port))
        self._socket.listen(64)
        self.port = 0 if path else int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> Listener:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def close(self) -> None:
        """From now on connections are refused."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        for one in (self._socket, *self._held):
            one.close()

    def _serve(self) -> None:
        while True:
            try:
                one, _ = self._socket.accept()
            except OSError:
                return
            if self.answer is None:
                self._held.append(one)
                continue
            with one:
                one.settimeout(0.2)
                try:
                    self.heard.append(one.recv(4096) if self.answer else b"")
                    one.sendall(self.answer)
                except OSError:
                    continue
