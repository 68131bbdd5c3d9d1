"""Answers of nodes, made from parts."""

from __future__ import annotations

import json
from typing import Any

HASH = "0123456789abcdef"
BOOT = "11111111-2222-3333-4444-555555555555"
NOW = 1_800_000_000


def answer(**changes: str) -> bytes:
    """What `probe.sh` prints on a healthy Debian; a section can be replaced by name."""
    parts = {
        "probe": "1",
        "who": "1000\nalice\n/home/alice",
        "now": str(NOW),
        "uname": "Linux web1 6.1.0 x86_64",
        "home": "/home/alice/.local/state/pm",
        "pipe": "/home/alice/.local/state/pm/run/default.pipe",
        "os": 'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\nVERSION_ID="12"',
        "memory": "MemTotal:       24684092 kB",
        "cores": "8",
        "disk": "writable\nFilesystem 1024-blocks Used Available Capacity Mounted on\n"
        "/dev/vda 264212084 23884704 82506208 23% /",
        "tools": "gpgv flock timeout dd mkfifo sha256sum crontab",
        "init": "systemd\nuser-manager",
        "boot": BOOT,
        "deployed": "",
        "current": "",
        "present": "",
        "changed": "",
        "status": "",
        "pm": "",
        "python": "good 3.11.2 /usr/bin/python3",
    }
    parts |= changes
    parts.setdefault("end", "")
    return "".join(f"== {name}\n{text}\n" for name, text in parts.items()).encode()


def deployed(**changes: Any) -> str:
    """HOME/lib/deployed.json."""
    value = {
        "v": 1,
        "program": HASH,
        "blueprint": "",
        "keys": {},
        "install": "user",
        "pipe": "/home/alice/.local/state/pm/run/default.pipe",
        "register": "auto",
        "registered": "cron",
        "when": NOW,
    }
    return json.dumps({**value, **changes}, sort_keys=True, separators=(",", ":"))


def alive(program: str = HASH, pid: int = 77, start: int = 4242) -> dict[str, str]:
    """The sections of a pm that lives."""
    status = f'{{"boot":"{BOOT}","hash":"{program}","pid":{pid},"start":{start},"units":{{}}'
    fields = " ".join(["0"] * 18)
    return {"status": status, "pm": f"{pid} (pm (x) y) S {fields} {start} 0 0"}
