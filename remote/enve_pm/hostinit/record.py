"""The small texts that deploy writes into HOME: how pm is started, and what was deployed."""

from __future__ import annotations

import json
import os
import shlex
import sys

from enve_pm.hostinit import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from enve_pm.hostinit.order import Order

LAUNCHER = """\
#!/bin/sh
# pm of this node, put here by enve-deploy. Every mode of pm finds its home and its pipe by these.
PMHOME=%s
PMPIPE=%s
export PMHOME PMPIPE
python=%s
[ -x "$python" ] || python=python3
exec "$python" -I -S %s "$@"
"""


def launcher(order: Order) -> bytes:
    """HOME/pm."""
    program = "%s/lib/%s/enve_pm" % (order.home, order.program)
    words = (order.home, order.pipe, sys.executable, program)
    return (LAUNCHER % tuple(shlex.quote(word) for word in words)).encode()


def installed(sums: Mapping[str, str]) -> bytes:
    """HOME/lib/installed: what `sha256sum -c` reads."""
    return "".join("%s  %s\n" % (sums[path], path) for path in sorted(sums)).encode()


def renew(home: str, path: str) -> None:
    """A file that deploy knows was put anew by us: it is not changed behind deploy's back."""
    installed_at = home + "/lib/installed"
    rows = files.read(installed_at).splitlines(keepends=True)
    line = b"%s  %s\n" % (files.sha256(files.read(path)).encode(), os.fsencode(path))
    new = [line if row[64:] == line[64:] else row for row in rows]
    if new != rows:
        files.put(installed_at, b"".join(new), 0o600)


def python() -> bytes:
    """HOME/lib/python: the interpreter, and what it really is (an upgrade changes that)."""
    return ("%s\n%s\n" % (sys.executable, python_file())).encode()


def python_file() -> str:
    """The file that we run."""
    return os.path.realpath(sys.executable)


def deployed(what: Order, kind: str) -> bytes:
    """HOME/lib/deployed.json: what the controller compares with what it wants."""
    value = {
        "v": 1,
        "program": what.program,
        "blueprint": files.sha256(what.blueprint),
        "keys": {name: files.sha256(ring) for name, ring in what.keys.items()},
        "install": "system" if what.system else "user",
        "pipe": what.pipe,
        "register": what.register,
        "registered": kind,
        "when": what.now,
    }
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"
