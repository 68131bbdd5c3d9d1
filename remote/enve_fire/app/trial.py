"""Test: the commands of `test`, in what was just built, or in what is installed or set up."""

from __future__ import annotations

import os

from enve_fire.app import quick
from enve_fire.app.checking import Apart
from enve_fire.app.prepared import prepare
from enve_fire.core import profile
from enve_fire.core.trouble import INPUT, TEST, Trouble
from enve_fire.stage import dep
from enve_fire.stage.build import Building
from enve_fire.stage.commands import run_commands
from enve_fire.stage.environment import variables
from enve_fire.stage.walls.sandbox import OPEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_fire.app.prepared import Prepared
    from enve_fire.stage.chain import Chain
    from enve_fire.stage.context import Context
    from enve_fire.stage.work import Work


def test(chain: Chain, ctx: Context) -> int:
    """0: all passed. Raises Trouble (TEST)."""
    found = profile.section(chain.product.table, "test")
    if not found["run"]:
        raise Trouble(INPUT, "%s: its profile has no test.run" % chain.product.name)
    trial = _Trial(chain, ctx)
    if found["needs"] == profile.BUILD:
        trial.in_build()
    else:
        trial.installed(found["needs"] != profile.INSTALL)
    return 0


class _Trial:
    def __init__(self, chain: Chain, ctx: Context) -> None:
        self._chain = chain
        self._ctx = ctx
        self._what = "test of " + chain.product.name
        self._commands = profile.section(chain.product.table, "test")["run"]
        self._log = _log("%s/log" % quick.cache(ctx.environ), "test-" + chain.product.name)
        self._done = False
        self._failed: list[Trouble] = []

    def in_build(self) -> None:
        """Where it is built: for the first time, so that it is there then, or once more."""
        chain = self._chain
        if profile.builds(chain.product.table):
            chain.built(self._then)
        if not self._done:
            deps = chain.ready(profile.BUILD)
            with Apart(chain.artifact(), chain.product.name) as out:
                Building(chain.product, self._ctx, deps, self._then).run(out)
        for trouble in self._failed:
            raise trouble

    def _then(self, work: Work) -> None:
        """What was built is good, whether or not its test passes."""
        self._done = True
        env = {**work.env, "ENVE_STAGE": "test"}
        try:
            work.but(env, self._log).run(self._commands, TEST, self._what)
        except Trouble as trouble:
            self._failed.append(trouble)

    def installed(self, setup: bool) -> None:
        """As it runs: in its root, without walls, with nothing of the caller's environment."""
        import tempfile

        found = prepare(self._chain, self._ctx, setup)
        inside = found.inside
        if inside is not None:
            with inside.scratch() as scratch:
                self._run(found, inside.seen(scratch), inside)
        else:
            with tempfile.TemporaryDirectory(prefix="enve-test-") as scratch:
                self._run(found, scratch, OPEN)

    def _run(self, found: Prepared, scratch: str, walls: Any) -> None:
        """`scratch`: as the commands see it."""
        env = variables(
            self._chain.product.table,
            "test",
            found.hash,
            src=found.where.src or None,
            root=found.where.root,
            scratch=scratch,
            jobs=self._ctx.jobs,
            epoch=self._chain.epoch(),
            deps=dep.named(found.deps),
            path=(found.where.home + "/bin",),
        )
        run_commands(
            self._commands,
            env,
            found.where.home,
            self._log,
            code=TEST,
            what=self._what,
            walls=walls,
            report=self._ctx.report,
        )


def _log(folder: str, name: str) -> str:
    """Its file; "" where none can be kept: its last lines are shown all the same."""
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
    except OSError:
        return ""
    return "%s/%s" % (folder, name) if os.access(folder, os.W_OK) else ""
