"""The files of a root as one archive: fetched, or made by debootstrap; kept under its hash where
pm's unit finds it."""

from __future__ import annotations

import os
import shutil

from enve_fire.core import sums
from enve_fire.core import url as urls
from enve_fire.core.settle import shape
from enve_fire.core.trouble import MISSING, SETTLE, Trouble
from enve_fire.fetch.web import proxy
from enve_fire.stage.commands import run_commands
from enve_fire.stage.environment import FIXED
from enve_fire.store import draft
from enve_fire.store.wanted import Wanted
from enve_fire.tree.pieces import sha256_of
from enve_pm.core.fieldcheck import Bad

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

    from enve_fire.stage.context import Context

FILE = "root.tar"
SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin"


def found(section: Mapping[str, Any], ctx: Context) -> str:
    """Its path in the store. Raises Trouble, OSError."""
    kind, what = shape.origin(section)
    return _fetched(what, ctx) if kind == shape.TAR else _bootstrapped(what, ctx)


def brought(path: str, home: str) -> dict[str, Any]:
    """{"kind": "tar", "sha256", "size"}: as a line's `product`. Raises OSError."""
    folder = home + "/store"
    os.makedirs(folder, 0o755, exist_ok=True)
    for name in os.listdir(folder):  # what earlier roots came from, and copies that were cut off
        os.unlink("%s/%s" % (folder, name))
    part = folder + "/.part"
    try:
        shutil.copyfile(path, part)
        with open(part, "rb") as file:
            sha256, size = sha256_of(file.fileno()), os.fstat(file.fileno()).st_size
        os.rename(part, "%s/%s" % (folder, sha256))
    finally:
        if os.path.lexists(part):
            os.unlink(part)
    return {"kind": "tar", "sha256": sha256, "size": size}


def _fetched(text: str, ctx: Context) -> str:
    from enve_fire.fetch.archive import archive

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
    from enve_fire.fetch.web.served import get

    wanted = Wanted(sums.root_text(what, ctx.platform), what["suite"], "root")
    made = get(wanted, lambda out: _bootstrap(what, ctx, out), ctx.store, ctx.how)
    return "%s/%s" % (made.path, FILE)


def _bootstrap(what: Mapping[str, Any], ctx: Context, out: str) -> None:
    env = _environment(ctx)
    program = shutil.which("mmdebstrap", path=env["PATH"])
    program = program or shutil.which("debootstrap", path=env["PATH"])
    if not program:
        told = "settle: there is neither mmdebstrap nor debootstrap on this machine"
        raise Trouble(MISSING, told, "install one, or name an archive: from: tar:URL")
    env.update(SUITE=what["suite"], MIRROR=what.get("mirror", ""), OUT=out)
    env["INCLUDE"] = ",".join(what.get("include", ()))
    command = _MM if program.endswith("mmdebstrap") else _PLAIN
    log = draft.beside(out, draft.LOG)
    run_commands([command], env, out, log, code=SETTLE, what="debootstrap", report=ctx.report)


def _environment(ctx: Context) -> dict[str, str]:
    """Of the caller's what says where programs are, and how a mirror is reached."""
    kept = {name: ctx.environ[name] for name in ("TMPDIR", *proxy.NAMES) if ctx.environ.get(name)}
    path = [folder for folder in (ctx.environ.get("PATH"), SYSTEM) if folder]
    return {**FIXED, "PATH": ":".join(path), **kept}


_OPTIONS = '--variant=minbase ${INCLUDE:+"--include=$INCLUDE"}'
_MM = 'exec mmdebstrap %s "$SUITE" "$OUT/%s" ${MIRROR:+"$MIRROR"}' % (_OPTIONS, FILE)
_PLAIN = (
    'debootstrap %s "$SUITE" "$OUT/tree" ${MIRROR:+"$MIRROR"} &&'
    ' tar --one-file-system -C "$OUT/tree" -cf "$OUT/%s" . && rm -rf "$OUT/tree"'
) % (_OPTIONS, FILE)
