"""The rc file of what was prepared: written so that the next time is quick."""

from __future__ import annotations

import os
import time

from enve_fire.app import quick, relied
from enve_fire.core import profile, rcfile, rctext, sums
from enve_fire.stage import dep, final
from enve_fire.tree.digest import tree_hash
from enve_fire.tree.written import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from enve_fire.app.prepared import Prepared
    from enve_fire.app.request import Loaded, Request
    from enve_fire.core.product import Product
    from enve_fire.core.rcfile import Rc
    from enve_fire.stage.context import Context

DAY = 86400  # seconds; then all is looked at again, so that the store knows what is in use
TICK = 20_000_000  # ns in which a file may change twice and have one stat


def keep(
    request: Request, loaded: Loaded, found: Prepared, cmd: Sequence[str], ctx: Context
) -> tuple[Rc, str]:
    """(it, its path). Raises OSError where it cannot be written, and somebody needs it."""
    key = quick.key_of(request.words, ctx.environ)
    path = quick.path_of(key, ctx.environ)
    files = [*sorted(loaded.files), *loaded.missing, *_anew(loaded.product, ctx)]
    made = rcfile.Rc(
        _hash(request, loaded),
        key,
        request.target,
        final.environment(
            loaded.product.table, found.hash, found.where, dep.named(found.deps), ctx.jobs
        ),
        cmd,
        [(file, relied.stat_text(file)) for file in files],
        found.dirs,
        found.marks,
        found.sources,
        _until(request, loaded),
        [(path, relied.mounted(path)) for path in found.mounts],
        found.room,
    )
    lasts = not (found.home and os.geteuid())  # else its root ends with what runs in it
    if (request.keep and lasts) or request.target == quick.MODULE:
        try:
            _write(path, made, ctx)
        except OSError:
            if request.target == quick.MODULE:
                raise
    return made, path


def _write(path: str, made: Rc, ctx: Context) -> None:
    os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
    for folder, _ in made.sources:  # their stats are remembered where the quick path looks for them
        cache = quick.stat_cache(folder, ctx.environ)
        os.makedirs(os.path.dirname(cache), 0o700, exist_ok=True)
        tree_hash(folder, cache)
    replace(path, rctext.text(made).encode("utf-8", "surrogateescape"))


def forget(product: Product, ctx: Context) -> None:
    """No rc file that was written so far is relied on where the product, or one that it needs, is
    used: it may mean another thing now."""
    try:
        for path in _anew(product, ctx):
            os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
            replace(path, b"")
    except OSError:
        pass  # then none could be written, either


def _anew(product: Product, ctx: Context) -> list[str]:
    """The files that are written whenever it was looked anew what can move: one for each url."""
    bases = sorted({one.url.partition("#")[0] for one in product.each()})
    folder = quick.cache(ctx.environ) + "/rc"
    return ["%s/anew-%s" % (folder, rcfile.checksum(base)) for base in bases]


def _hash(request: Request, loaded: Loaded) -> str:
    text = b"\0".join(loaded.files[path] for path in sorted(loaded.files))
    return sums.final(
        text,
        url=loaded.product.url,
        sets=request.sets,
        target=request.target,
        root=request.root,
        user=str(os.geteuid()),
    )


def _until(request: Request, loaded: Loaded) -> int:
    """When it is looked at again; at once where it may not be kept."""
    found = [profile.section(one.table, "checkout")["refresh"] for one in loaded.product.each()]
    now = int(time.time())
    if not request.keep or profile.ALWAYS in found or _is_young(loaded):
        return now
    return now + min([one for one in found if isinstance(one, int)] + [DAY])


def _is_young(loaded: Loaded) -> bool:
    """Whether a file of the profile may have another content than was read, and the same stat."""
    there = any(os.path.lexists(path) for path in loaded.missing)
    return there or any(not _is_settled(path, data) for path, data in loaded.files.items())


def _is_settled(path: str, data: bytes) -> bool:
    try:
        if time.time_ns() - os.stat(path).st_ctime_ns < TICK:
            return False
        with open(path, "rb") as file:
            return file.read(len(data) + 1) == data
    except OSError:
        return False
