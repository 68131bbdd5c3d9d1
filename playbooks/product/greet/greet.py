#!/usr/bin/env python3
"""Greets over HTTP. Its settings lie beside it, in ../etc/greet.conf; SIGHUP reads them again."""

import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

VERSION = "@VERSION@"
CONFIG = Path(__file__).resolve().parents[1] / "etc" / "greet.conf"
settings = {}


def read(*_):
    pairs = [line.split("=", 1) for line in CONFIG.read_text().splitlines() if "=" in line]
    settings.update((name.strip(), value.strip()) for name, value in pairs)


class Greeter(BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{settings['greeting']} from greet {VERSION}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if sys.argv[1:] == ["--version"]:
    print("greet " + VERSION)
else:
    read()
    signal.signal(signal.SIGHUP, read)
    HTTPServer((settings["address"], int(settings["port"])), Greeter).serve_forever()
