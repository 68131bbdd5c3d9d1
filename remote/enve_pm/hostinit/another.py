"""Another pm as the host of this one, which is a unit there: a process in a spot of its own. A pm
takes units by signed plans alone, so what is put down is a part of such a plan."""

from __future__ import annotations

import json

from enve_pm.hostinit.keeper import STOP, Keeper
from enve_pm.hostinit.problem import Problem

# JSON, which is YAML too: no path has to be quoted in another way.
TEXT = """\
# For a plan; the blueprint's spot has the user that %(shown)s belongs to.
spots:
  "*.%(name)s":
    run: %(command)s
    ready: {check: %(check)s}
    start_timeout: 60s
    stop_timeout: %(stop)ds
"""


class Another(Keeper):
    """A unit of the pm that is its host."""

    kind = "pm"

    def text(self) -> str:
        kept = self.kept
        return TEXT % {
            "shown": kept.shown,
            "name": kept.name,
            "command": json.dumps([kept.launcher, *kept.run]),
            "check": json.dumps([kept.launcher, "status"]),
            "stop": STOP,
        }

    def there(self) -> bool:
        return False

    def usable(self) -> bool:
        """Never found by itself."""
        return True

    def register(self, force: bool = False) -> bool:
        raise _by_plan("take what --stdout prints into a plan, and march it")

    def start(self) -> None:
        raise _by_plan("on the pm that is its host: pm start %s" % self.kept.name)

    def stop(self) -> None:
        raise _by_plan("on the pm that is its host: pm stop %s" % self.kept.name)

    def remove(self) -> bool:
        raise _by_plan("take it out of the plan, and march that")


def _by_plan(hint: str) -> Problem:
    return Problem("another pm takes its units by signed plans only", hint, refused=True)
