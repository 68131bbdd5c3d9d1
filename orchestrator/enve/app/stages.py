"""The stages of products on this machine, for whoever is at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from enve_fire.core.profile import ALWAYS, NEVER
from enve_fire.fetch.how import How
from enve_fire.stage.context import Context, context
from enve_fire.store.store import Store


def here(
    environ: Mapping[str, str], report: Callable[[str], None], *, offline: bool, refresh: bool
) -> Context:
    """What every stage is given."""
    how = How(offline, ALWAYS if refresh else NEVER, report=report, environ=environ)
    return context(environ, Store.of(environ, offline=offline), how, report)
