"""The files of a root as one archive: fetched, or made by debootstrap; kept under its hash where
pm's unit finds it."""

from __future__ import annotations

import os
import shutil

from enve_fire.core import settleshape, sums
from enve_fire.core import url as urls
from enve_fire.core.trouble import MISSING, SETTLE, Trouble
from enve_fire.stage.commands import run_commands
from enve_fire.store import draft
from enve_fire.store.wanted import Wanted
from enve_pm.core.digest import for_size
from enve_pm.core.fieldcheck import Bad

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

    from enve_fire.stage.context import Context

FILE = "root.tar"
PIECE = 1 << 20


def brought(section: Mapping[str, Any], ctx: Context, home: str) -> dict[str, Any]:
    """{"kind": "tar", "sha256", "size"}: as a line's `product`. Raises Trouble, OSError."""
    kind, what = settleshape.origin(section)
    path = _fetched(what, ctx) if kind == settleshape.TAR else _bootstrapped(what, ctx)
    os.makedirs(home + "/store", 0o755, exist_ok=True)
    part = "%s/store/.part-%d" % (home, os.getpid())
    try:
        shutil.copyfile(path, part)
        sha256, size = _hashed(part)
        os.rename(part, "%s/store/%s" % (home, sha256))
    finally:
        if os.path.lexists(part):
            os.unlink(part)
    return {"kind": "tar", "sha256": sha256, "size": size}


def _fetched(text: str, ctx: Context) -> str:
    from enve_fire.fetch import archive

    try:
        url = urls.parse(text)
    except Bad as bad:
        told = "settle.from: wanted %s, found %.80r" % bad.args[:2]
        raise Trouble(SETTLE, told) from None
    if url.kind != urls.ARCHIVE:
        raise Trouble(SETTLE, "settle.from: %s: wanted an archive" % text)
    return str(archive.bring(url, ctx.store, ctx.how).path)


def _bootstrapped(what: Mapping[str, Any], ctx: Context) -> str:
    """Made once, and kept in the store. Raises Trouble."""
    from enve_fire.fetch.served import get

    wanted = Wanted(sums.root_text(what, ctx.platform), what["suite"], "root")
    made = get(wanted, lambda out: _bootstrap(what, ctx, out), ctx.store, ctx.how)
    return "%s/%s" % (made.path, FILE)


def _bootstrap(what: Mapping[str, Any], ctx: Context, out: str) -> None:
    program = shutil.which("mmdebstrap") or shutil.which("debootstrap")
    if not program:
        told = "settle: there is neither mmdebstrap nor debootstrap on this machine"
        raise Trouble(MISSING, told, "install one, or name an archive: from: tar:URL")
    env = {**os.environ, "SUITE": what["suite"], "MIRROR": what.get("mirror", ""), "OUT": out}
    env["INCLUDE"] = ",".join(what.get("include", ()))
    command = _MM if program.endswith("mmdebstrap") else _PLAIN
    log = draft.beside(out, draft.LOG)
    run_commands([command], env, out, log, code=SETTLE, what="debootstrap", report=ctx.report)


_OPTIONS = '--variant=minbase ${INCLUDE:+"--include=$INCLUDE"}'
_MM = 'exec mmdebstrap %s "$SUITE" "$OUT/%s" ${MIRROR:+"$MIRROR"}' % (_OPTIONS, FILE)
_PLAIN = (
    'debootstrap %s "$SUITE" "$OUT/tree" ${MIRROR:+"$MIRROR"} &&'
    ' tar --one-file-system -C "$OUT/tree" -cf "$OUT/%s" . && rm -rf "$OUT/tree"'
) % (_OPTIONS, FILE)


def _hashed(path: str) -> tuple[str, int]:
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        found = for_size(size)
        for piece in iter(lambda: file.read(PIECE), b""):
            found.update(piece)
    return str(found.hexdigest()), size
