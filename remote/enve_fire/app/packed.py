"""`enve makepkg`: from a product to its package, doing no more than that takes."""

from __future__ import annotations

from enve_fire.core import package as packages
from enve_fire.core import profile, sums
from enve_fire.pack import makepkg, session
from enve_fire.stage.chain import Chain
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.core.product import Product
    from enve_fire.stage.context import Context

# `out`: a file or a folder, "": here · `way`: one of session.WAYS · `key`: that signs it, "": none
Asked = namedtuple("Asked", "out way key", defaults=("", session.AUTO, ""))


def packed(product: Product, asked: Asked, ctx: Context) -> str:
    """The path of its package. Raises Trouble, OSError."""
    chain = Chain(product, ctx)
    material = chain.material()
    deps = [one.hash(stage) for one, stage in chain.deps(profile.BUILD)]
    text = sums.build_text(product.table, chain.product.source, deps, ctx.platform)
    epoch = makepkg.epoch(chain.product.source, chain.fetched.epoch)
    package = packages.of(chain.product, material.hash, text, epoch, ctx.platform)
    made = makepkg.makepkg(chain.product, material, package, asked.out, asked.way, asked.key)
    ctx.report("%s: the archive's sha256 is %s (owners by %s)" % (made.path, made.sha256, made.way))
    if made.signature:
        ctx.report("signed: " + made.signature)
    return str(made.path)
