"""`unit check|make PLACE`: a step of a unit, for pm. The unit's line comes on stdin.

exit 0: it is there, it is made · 1: it is not there · else see `core.trouble`. What pm shall tell
of a failure goes to descriptor 3, where pm has a pipe for it: ours alone, not our commands'.
"""

from __future__ import annotations

import os
import stat
import sys
import time

from enve_fire.core.trouble import INPUT, USAGE, Trouble, troubled
from enve_pm.core.canonical import loads
from enve_pm.core.refusal import FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from enve_pm.core.unit import UnitSpec

CHECK, MAKE = STEPS = ("check", "make")
LARGEST = 16 << 20  # bytes of a line
SAYS = 3
WORDS = 4096  # bytes of what pm shall tell
OWN, USED = "SPOT_DIR", "ENVE_USED"


def main(words: Sequence[str]) -> int:
    """A step of a unit for pm, whose line is on stdin; its exit status."""
    if len(words) != 2 or words[0] not in STEPS:
        raise Trouble(USAGE, "wanted unit check|make PLACE, and a unit's line on stdin")
    os.umask(0o022)
    _keep_for_us()
    try:
        return _do(words[0], words[1])
    except Exception as error:
        told = troubled(error)
        _say(str(told))
        raise told from None


def _keep_for_us() -> None:
    """What a command wrote there would be told as our own words."""
    try:
        os.set_inheritable(SAYS, False)
    except OSError:
        pass  # nobody listens


def _do(step: str, place: str) -> int:
    from enve_fire.fetch.how import How
    from enve_fire.stage.context import context
    from enve_fire.store.store import Store
    from enve_fire.unit import stores
    from enve_fire.unit.step import Step

    spec = _spec()
    environ = dict(os.environ)
    how = How(report=_report, environ=environ)
    store = Store.of(environ)
    if step == MAKE and "stores" in spec.body:
        stores.add(store, spec.body["stores"], time.time())
    ctx = context(environ, store, how, _report)
    one = Step(spec, place, environ.get(OWN, ""), ctx)
    if step == CHECK:
        return 0 if one.check() else 1
    from enve_fire.unit.making import make  # a check imports no more than it takes

    make(one, environ.get(USED, "").split(":"))
    return 0


def _spec() -> UnitSpec:
    """As strict as pm is about it."""
    from enve_pm.core.unit import STAGE, UnitError, UnitSpec

    with os.fdopen(0, "rb", closefd=False) as stdin:
        data = stdin.read(LARGEST)
    try:
        spec = UnitSpec.parse(loads(data.strip()))
    except (FormatError, UnitError) as error:
        raise Trouble(INPUT, "stdin: wanted the line of a unit: %s" % error) from None
    if spec.kind != STAGE:
        raise Trouble(INPUT, "stdin: wanted a unit of kind stage, found %s" % spec.kind)
    return spec


def _report(text: str) -> None:
    print(text, flush=True)


def _say(text: str) -> None:
    """To pm, if it listens."""
    try:
        if stat.S_ISFIFO(os.fstat(SAYS).st_mode):
            os.write(SAYS, text.encode("utf-8", "backslashreplace")[:WORDS])
    except OSError:
        print("pm does not hear why", file=sys.stderr)
