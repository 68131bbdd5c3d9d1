"""`enve fire`: from a product to one of its targets, doing no more than that takes."""

from __future__ import annotations

import os

from enve_fire.app import quick, rc
from enve_fire.app.prepared import prepare
from enve_fire.app.quick import EXECUTE, MODULE, RUN
from enve_fire.app.request import BUILD, INSTALL, SETUP, TEST, UNSETTLE, WITH_WORDS
from enve_fire.core import profile
from enve_fire.core.trouble import MISSING, SETTLE, USAGE, Trouble
from enve_fire.stage import final
from enve_fire.stage.chain import Chain
from enve_fire.stage.install.place import Place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from enve_fire.app.request import Loaded, Request
    from enve_fire.stage.context import Context


def fire(request: Request, load: Callable[[], Loaded], ctx: Context) -> int:
    """Does it, and prints where the result is; what runs takes the place of this process. `load`:
    nothing is fetched for what is refused. Raises Trouble, OSError."""
    _refuse(request)
    loaded = load()
    table = loaded.product.table
    if ctx.how.refresh == profile.ALWAYS:
        rc.forget(loaded.product, ctx)
    if request.target in (SETUP, MODULE):
        _stays(loaded, request.target)
    chain = Chain(loaded.product, ctx, _place(request), own=profile.sets_up(table))
    does = _DOES.get(request.target)
    return does(request, chain, ctx) if does else _final(request, loaded, chain, ctx)


def _build(request: Request, chain: Chain, ctx: Context) -> int:
    from enve_fire.app import checking

    print(checking.check(chain, ctx) if request.check else chain.material().path)
    return 0


def _lay(request: Request, chain: Chain, ctx: Context) -> int:
    whole = request.target == SETUP
    found = prepare(chain, ctx, setup=whole, settle=whole)
    print((found.inside.root if found.inside else "") + found.where.home)
    return 0


def _test(_: Request, chain: Chain, ctx: Context) -> int:
    from enve_fire.app import trial

    return trial.test(chain, ctx)


def _unsettle(request: Request, chain: Chain, ctx: Context) -> int:
    from enve_fire.app import rooted

    rooted.unsettle(chain.product, ctx, request.purge)
    return 0


# Targets after which nothing runs.
_DOES = {BUILD: _build, INSTALL: _lay, SETUP: _lay, TEST: _test, UNSETTLE: _unsettle}


def _refuse(request: Request) -> None:
    """What the target has no use for. Raises Trouble."""
    if request.more and request.target not in WITH_WORDS:
        hint = "`enve run` and `enve shell` do: enve run URL -- WORDS"
        raise Trouble(USAGE, request.target + " takes no words", hint)
    if request.check and request.target != BUILD:
        raise Trouble(USAGE, "--check is for build", "enve build --check")
    if request.purge and request.target != UNSETTLE:
        raise Trouble(USAGE, "--purge is for unsettle", "enve fire unsettle --purge")


def _place(request: Request) -> Place | None:
    if not request.root:
        return None
    root = os.path.abspath(request.root)
    return Place(root, os.path.basename(root) or "root", shared=True)


def _stays(loaded: Loaded, target: str) -> None:
    """What says where a root is has none where that ends with it. Raises Trouble."""
    if profile.settles(loaded.product.table) and os.geteuid():
        told = "%s of %s: its root is only there while something runs in it, as uid %d lays it"
        hint = "`enve run`, `shell` and `test` do; root's stays"
        raise Trouble(SETTLE, told % (target, loaded.product.name, os.geteuid()), hint)


def _keep_open(loaded: Loaded) -> None:
    """The file of a module stays: no secret may be in it. Raises Trouble."""
    env = profile.section(loaded.product.table, profile.RUN)["env"]
    bad = sorted(name for name in env if any(one in env[name] for one in loaded.secrets))
    if bad:
        told = "module writes a file that stays, and %s of run.env is a secret"
        raise Trouble(USAGE, told % " ".join(bad), "`enve run` and `enve shell` write none")


def _final(request: Request, loaded: Loaded, chain: Chain, ctx: Context) -> int:
    """It runs, or a file says how it would."""
    product = loaded.product
    if request.target == MODULE:
        _keep_open(loaded)
    found = prepare(chain, ctx)
    cmd: list[str] = []
    if request.target in (RUN, EXECUTE):
        cmd = final.command(product.table, request.target, found.where)
    made, path = rc.keep(request, loaded, found, cmd, ctx)
    why = quick.go(made, path, request.more, ctx.environ)
    from enve_fire.app import lost

    told = "%s cannot run: %s" % (product.name, why)
    raise Trouble(MISSING, told, lost.hint(found, [*cmd, *request.more, ""][0]))
