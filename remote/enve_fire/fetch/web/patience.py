"""No server takes for ever; and what of its failures may be over soon."""

from __future__ import annotations

import http.client
import socket
import threading

from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_fire.fetch.web.answered import Passing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable


class Patience:
    """Whatever is done with a socket meanwhile ends after `patience` seconds in all: a timeout of
    the socket's own counts anew for each byte."""

    def __init__(self, sock: Callable[[], Any], patience: float) -> None:
        self._sock = sock
        self._timer = threading.Timer(patience, self._end)
        self._timer.daemon = True
        self._late = False

    def _end(self) -> None:
        self._late = True
        try:
            socket.socket.shutdown(self._sock(), socket.SHUT_RDWR)  # below TLS, if there is any
        except (OSError, TypeError):
            pass  # it was closed meanwhile, or is not open yet: then its own timeout holds

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: Any
    ) -> None:
        self._timer.cancel()
        if self._late and (error is None or isinstance(error, Exception)):
            raise Passing("the server is too slow") from None
        if isinstance(error, Exception):
            raise _told(error) from None


def _told(error: Exception) -> Exception:
    text, kind = str(error), type(error).__name__  # by name: some Pythons have no ssl
    if kind == "SSLCertVerificationError":
        hint = "if the authority is your own, name its certificates in SSL_CERT_FILE"
        return Trouble(CHECKOUT, "the server's certificate: %s" % error.verify_message, hint)  # type: ignore[attr-defined]
    if "timed out" in text:
        return Passing("the server says nothing")
    if kind.startswith("SSL") and kind != "SSLEOFError":
        return Trouble(CHECKOUT, "TLS: %s" % text, "does it speak https?")
    if text.startswith("Tunnel connection failed: 4"):
        hint = "see https_proxy and no_proxy; a user and a password go before its host"
        return Trouble(CHECKOUT, "the proxy refuses: %s" % text.partition(": ")[2], hint)
    if isinstance(error, http.client.HTTPException):
        return Passing("no good answer: %s" % kind)  # its words may be of a server within
    return Passing(error.strerror or text, hint=_SEE) if isinstance(error, OSError) else error


_SEE = "see the host and its port, and https_proxy; else try again later"
