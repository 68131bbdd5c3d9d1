"""What tries again what has failed on a node, as a line for a shell. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from enve_pm.core import address, stages, states

FAILED = (states.FAIL, states.STARTING_FAIL)
MOST = 3  # addresses in one line


def hint(node: str, spots: Mapping[str, str]) -> str:
    """``enve restart 'web1.[app-1!build@app]'` tries again`; "" where that is not known. `spots`:
    address below the node -> state, of all that failed or could not be reloaded. Where a stage is
    at the root of it, a restart of its spot would only bounce the version that serves."""
    made = [name for name in spots if stages.spot(_last(name)) and spots[name] in FAILED]
    down = [name for name in spots if spots[name] in FAILED]
    verb = "restart" if down else "reload"
    names = made or down or [name for name in spots if spots[name] == states.RUNNING]
    if not names:
        return ""
    quoted = " ".join(quote(node, name) for name in sorted(names)[:MOST])
    return f"`enve {verb} {quoted}` tries again"


def quote(node: str, name: str) -> str:
    """A whole address in quotes."""
    whole = f"{address.format((node,))}.{name}"
    quoted = shlex.quote(whole)
    return f"'{whole}'" if quoted == whole else quoted


def anywhere(node: str, text: str) -> str:
    """The same hint for several nodes: what is there already, a restart only looks at."""
    return text.replace(f"'{address.format((node,))}.", "'*.")


def _last(name: str) -> str:
    try:
        return address.parse(name)[-1]
    except address.AddressError:
        return ""
