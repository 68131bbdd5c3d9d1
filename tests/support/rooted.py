"""Roots that are really made, and what runs in them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from enve_fire.core.product import Product
from enve_fire.stage.context import Context
from enve_fire.stage.settle.settle import room
from enve_pm.shell.process import mountinfo

MACHINE = [
    {"type": "bind", "src": path, "dst": path, "ro": True}
    for path in ("/usr", "/etc/ssl")
    if Path(path).is_dir()
]
DATA = {"type": "bind", "src": "data", "dst": "/srv/data"}
CACHE = {"type": "tmpfs", "dst": "/var/cache", "size": 65536}
ENTER = "from enve_fire.stage.entering import enter; enter(%r, %r, %r)"
USER = {"name": "app", "uid": 4711}


def product_of(**section: Any) -> Product:
    table = {"enve": 1, "title": "app", "prefix": "/opt/app", "settle": section}
    return Product("file:///nowhere", "tree:none", table)


def context() -> Context:
    return Context(None, None, lambda line: None, 1, ("Linux", "x86_64", ""), {})


def run(product: Product, home: Path, *argv: str) -> str:
    with begun(product, home, *argv, stdout=subprocess.PIPE, text=True) as process:
        said = process.communicate()[0]
    assert process.returncode == 0
    return str(said)


def begun(product: Product, home: Path, *argv: str, **how: Any) -> subprocess.Popen[Any]:
    """In its root, in place of a Python of its own."""
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    return subprocess.Popen(
        [sys.executable, "-c", ENTER % (room(product, str(home)), argv, env)], **how
    )


def mounts_below(home: Path) -> list[str]:
    return [mount.at for mount in mountinfo.below(str(home), mountinfo.read())]


def fetching(folder: Path) -> Context:
    """With a store there."""
    from enve_fire.fetch.how import How
    from enve_fire.store.store import Store

    return context()._replace(store=Store.of({"ENVE_STORE": str(folder / "store")}), how=How())


def standing(product: Product, home: Path) -> subprocess.Popen[str]:
    """Whoever reads a line, and writes it to the volume; ends with its input."""
    script = "echo in; while read -r line; do echo $line >>/srv/data/rows; echo $line; done"
    how = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    found = begun(product, home, "/bin/sh", "-c", script, **how)
    assert found.stdout and found.stdout.readline() == "in\n"
    return found


def says(found: subprocess.Popen[str], line: str) -> None:
    assert found.stdin and found.stdout
    found.stdin.write(line + "\n")
    assert found.stdout.readline() == line + "\n"
