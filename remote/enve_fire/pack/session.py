"""Where files can be given away though one is not root: fakeroot, or a user namespace.

root      we are
fakeroot  a process that is told so by its library
userns    root of a namespace: with the ids that /etc/subuid gives us, or with none but our own
map       nowhere: owners are only written into the archive
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from enve_fire.core import profile
from enve_fire.core.trouble import FAILED, MISSING, Trouble
from enve_fire.pack import staged
from enve_fire.tree.pieces import pieces
from enve_pm.core.canonical import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from enve_fire.pack.staged import Order

AUTO, ROOT, FAKEROOT, USERNS, MAP = WAYS = ("auto", "root", "fakeroot", "userns", "map")
WORD = "_pack"
OWN_IDS = ("unshare", "--user", "--map-root-user")
MORE_IDS = ("unshare", "--user", "--map-auto", "--map-root-user")
_PASSED = ("PATH", "TMPDIR", "HOME")


def choose(order: Order) -> str:
    """The first that this machine has."""
    if os.geteuid() == 0:
        return ROOT
    if shutil.which("fakeroot"):
        return FAKEROOT
    return USERNS if _enters(_unshare(order)) else MAP


def pack(order: Order, way: str, out: Any) -> str:
    """In which way it was done. Raises Trouble, OSError."""
    way = choose(order) if way == AUTO else way
    _possible(order, way)
    if way in (ROOT, MAP):
        staged.pack(order._replace(map=way == MAP), out)
    else:
        before = ("fakeroot", "--") if way == FAKEROOT else _unshare(order)
        _child(order, before, out)
    return way


def _possible(order: Order, way: str) -> None:
    """Raises Trouble."""
    wrong = ""
    if way == ROOT and os.geteuid():
        wrong = "this is uid %d" % os.geteuid()
    elif way == FAKEROOT and not shutil.which("fakeroot"):
        wrong = "there is no fakeroot on this machine"
    elif way == USERNS and not _enters(_unshare(order)):
        wrong = "%s is refused here" % " ".join(_unshare(order))
    if wrong:
        hint = "take another way: auto, or map, which needs nothing"
        raise Trouble(MISSING, "owners by %s: %s" % (way, wrong), hint)


def _unshare(order: Order) -> Sequence[str]:
    owner = profile.section(order.product.table, profile.INSTALL)["owner"]
    return OWN_IDS if owner in ("", "0:0") else MORE_IDS


def _enters(words: Sequence[str]) -> bool:
    quiet = subprocess.DEVNULL
    try:
        child = subprocess.Popen([*words, "true"], stdin=quiet, stdout=quiet, stderr=quiet)
    except OSError:
        return False
    return child.wait() == 0


def _child(order: Order, before: Sequence[str], out: Any) -> None:
    import tempfile

    main = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "__main__.py")
    argv = [*before, sys.executable, "-I", "-S", main, WORD]
    env = {key: os.environ[key] for key in _PASSED if key in os.environ}
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as said:
        asked.write(dumps(order._replace(map=False).data()))
        asked.seek(0)
        child = subprocess.Popen(argv, stdin=asked, stdout=subprocess.PIPE, stderr=said, env=env)
        try:
            for piece in pieces(child.stdout.fileno()):  # type: ignore[union-attr]
                out.write(piece)
        finally:
            child.stdout.close()  # type: ignore[union-attr]
            status = child.wait()
        if status:
            said.seek(0)
            told = said.read(4000).decode("utf-8", "replace").strip()
            raise Trouble(status if 0 < status < 128 else FAILED, _error(told) or "packing failed")


def _error(told: str) -> str:
    return told[len("error: ") :] if told.startswith("error: ") else told
