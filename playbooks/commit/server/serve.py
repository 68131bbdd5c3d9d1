#!/usr/bin/env python3
"""Greets whoever connects; on HUP it reads its greeting anew."""

import os
import signal
import socketserver
from pathlib import Path

CONF = Path(os.environ["ROOT"] + os.environ["PREFIX"]) / "etc/server.conf"


def conf() -> list[str]:
    return CONF.read_text(encoding="utf-8").splitlines()


class Greeter(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(greeting[0].encode() + b"\n")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True


greeting = conf()[1:]
signal.signal(signal.SIGHUP, lambda *_: greeting.__setitem__(0, conf()[1]))
with Server(("127.0.0.1", int(conf()[0])), Greeter) as server:
    server.serve_forever()
