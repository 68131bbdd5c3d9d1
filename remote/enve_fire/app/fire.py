"""`enve fire`: from a product to one of its targets, doing no more than that takes."""

from __future__ import annotations

import os

from enve_fire.app import quick, rc
from enve_fire.app.prepared import prepare
from enve_fire.app.quick import EXECUTE, MODULE, RUN
from enve_fire.app.request import BUILD, INSTALL, SETUP, TEST, UNSETTLE
from enve_fire.core import profile
from enve_fire.core.trouble import FAILED, USAGE, Trouble
from enve_fire.stage import final
from enve_fire.stage.chain import Chain
from enve_fire.stage.place import Place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.app.request import Loaded, Request
    from enve_fire.stage.context import Context


def fire(request: Request, loaded: Loaded, ctx: Context) -> int:
    """Does it, and prints where the result is; what runs takes the place of this process. Raises
    Trouble, OSError."""
    table = loaded.product.table
    if request.target == EXECUTE and request.more:
        raise Trouble(USAGE, "execute takes no words", "`enve run` does: enve run URL -- WORDS")
    if ctx.how.refresh == profile.ALWAYS:
        rc.forget(loaded.product, ctx)
    chain = Chain(loaded.product, ctx, _place(request), own=profile.sets_up(table))
    if request.target == BUILD:
        from enve_fire.app import checking

        print(checking.check(chain, ctx) if request.check else chain.material().path)
        return 0
    if request.target == UNSETTLE:
        from enve_fire.app import rooted

        rooted.unsettle(chain.product, ctx, request.purge)
        return 0
    if request.target == TEST:
        from enve_fire.app import trial

        return trial.test(chain, ctx)
    if request.target in (INSTALL, SETUP):
        whole = request.target == SETUP
        found = prepare(chain, ctx, setup=whole, settle=whole)
        print((found.inside.root if found.inside else "") + found.where.home)
        return 0
    return _final(request, loaded, chain, ctx)


def _place(request: Request) -> Place | None:
    if not request.root:
        return None
    root = os.path.abspath(request.root)
    return Place(root, os.path.basename(root) or "root", shared=True)


def _final(request: Request, loaded: Loaded, chain: Chain, ctx: Context) -> int:
    product = loaded.product
    found = prepare(chain, ctx)
    cmd: list[str] = []
    if request.target in (RUN, EXECUTE):
        cmd = final.command(product.table, request.target, found.where)
    if found.home and request.target != MODULE:
        from enve_fire.stage.settle import words

        cmd = words(product, found.home, cmd)
    made, path = rc.keep(request, loaded, found, cmd, ctx)
    why = quick.go(made, path, request.more, ctx.environ)
    raise Trouble(FAILED, "%s cannot run: %s" % (product.name, why))
