"""Artifacts that are pushed: built on this machine, by the stages' own code, into its store."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from enve.load.chain.artifact import Build, Built
from enve_fire.core.product import Product
from enve_fire.fetch.how import How
from enve_fire.stage.chain import Chain
from enve_fire.stage.context import context
from enve_fire.store.store import Store
from enve_fire.tree.pace import quiet


def here(*, report: Callable[[str], None] = quiet) -> Build:
    """What is in the store already is not built again."""
    environ = dict(os.environ)
    store = Store.of(environ)
    ctx = context(environ, store, How(report=report, environ=environ), report)

    def build(product: Product) -> Built:
        chain = Chain(product, ctx)
        found = chain.material()
        return Built(Path(found.path), chain.product.source, list(ctx.platform))

    return build
