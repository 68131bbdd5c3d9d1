"""Doing one step of one unit: what `unit.step` then finds there."""

from __future__ import annotations

from enve_fire.core import profile
from enve_fire.core.trouble import INPUT, Trouble
from enve_fire.stage import dep
from enve_fire.stage import setup as setting
from enve_fire.stage.config.doing import Given
from enve_fire.stage.install import packaged
from enve_fire.unit import runtime
from enve_pm.core.stages import BUILD, INSTALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from enve_fire.unit.step import Step


def make(step: Step, used: Collection[str] = ()) -> None:
    """`used`: the versions that must stay. Raises Trouble, OSError."""
    if step.do == BUILD:
        _build(step)
    elif step.do == INSTALL:
        _install(step, used)
    else:
        setting.setup(step.chain.product, step.place, step.ctx, step.own, _given(step))


def _given(step: Step) -> Given:
    """What commands of a setup are told. Nothing is fetched for that."""
    if step.inside is not None:  # where the source is not seen
        deps = step.along.named() if step.along is not None else []
        return Given(deps, "", step.chain.epoch, step.inside)
    deps = dep.named(step.chain.ready(profile.INSTALL))
    return Given(deps, step.chain.src(wanted=False), step.chain.epoch)


def _install(step: Step, used: Collection[str]) -> None:
    from enve_fire.stage.install import versions

    step.chain.installed()
    if step.along is not None:
        step.along.install()
    if step.needs():
        runtime.write(step.place, step.table, step.chain.ready(profile.INSTALL))
    if not step.place.shared:
        report = step.ctx.report
        for gone in versions.prune(step.place, step.table, used, report):
            report("%s is removed: install.keep" % gone)


def _build(step: Step) -> None:
    if step.imported:
        step.ctx.store.make(step.wanted(), lambda out: _import(step, out), step.ctx.report)
    else:
        step.chain.material()


def _import(step: Step, out: str) -> None:
    """What was built elsewhere becomes the entry that a build here would have made."""
    from enve_fire.tree.copy import AUTO, Terms, copy
    from enve_fire.tree.modes import paths

    setuid = paths(profile.setuid(step.table))
    source = step.brought or _fetch(step)
    copy(source, out, AUTO, Terms(False, packaged.without_own, setuid, closed=True))


def _fetch(step: Step) -> str:
    """A package of just this product."""
    from enve_fire.stage.checkout import checkout

    plain = step.ctx._replace(how=step.ctx.how._replace(strip=0))
    fetched = checkout(step.artifact, None, plain)
    package = packaged.of(fetched, step.ctx.platform)
    if package is None:
        raise Trouble(INPUT, "%s is no package: makepkg did not make it" % step.artifact)
    packaged.fit(package, step.table, step.artifact, step.chain.product.source)
    return str(fetched.path)
