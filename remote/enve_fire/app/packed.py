"""`enve makepkg`: from a product to its package, doing no more than that takes."""

from __future__ import annotations

from enve_fire.core import package as packages
from enve_fire.core import profile, sums
from enve_fire.core.source import worked_in
from enve_fire.pack import makepkg, session
from enve_fire.stage.chain import Chain
from enve_fire.tree import ignore
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.core.product import Product
    from enve_fire.stage.context import Context

# `out`: a file or a folder, "": here · `way`: one of session.WAYS · `key`: that signs it, "": none
Asked = namedtuple("Asked", "out way key", defaults=("", session.AUTO, ""))


def packed(product: Product, asked: Asked, ctx: Context) -> str:
    """The path of its package. Raises Trouble, OSError."""
    if makepkg.names_a_file(asked.out):
        makepkg.end_of(asked.out)  # before a build, which may take long
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
    if worked_in(chain.product.source) and ignore.counts(str(made.path), str(chain.fetched.path)):
        ctx.report(_PART)
    return str(made.path)


_PART = "it lies in its own source, so the next one is built anew: -o elsewhere, or .enveignore"
