"""What a changed line means for a running unit: one line of a difference.

The class of a change is the node's own (`enve_pm.core.change`): files alone reload, the keys that
the process never sees are live, everything else restarts.
"""

from __future__ import annotations

import json
from typing import Any

from enve.core import filechange, stagechange
from enve.core.filechange import Line
from enve.core.known import Known
from enve.model.report import Change, Symbol
from enve_pm.core import address, stages
from enve_pm.core.change import LIVE
from enve_pm.core.unit import DEFAULTS

MAX_DIFF_LINES = 400


def parse(text: str) -> Line:
    """A line of a part; it is canonical JSON of ours already."""
    found = json.loads(text)
    return found if isinstance(found, dict) else {}


def created(name: str, text: str) -> Change:
    """`+`: the node does not hold this line yet."""
    line = parse(text)
    if line.get("want", "up") != "up":
        return Change("+", name, "", "stopped")
    if stagechange.is_stage(line):
        return Change("+", name, stagechange.does(line))
    return Change("+", name, "start", stagechange.product(line))


def removed(name: str) -> Change:
    """`-`: the new plan has no such line. What a stage has made stays."""
    stage = stages.split(address.parse(name)[-1]) is not None
    return Change("-", name, "leave" if stage else "stop")


def changed(name: str, old: Line, new: Line, known: Known) -> Change:
    """One line out of two that differ."""
    old, new = stagechange.shown(old), stagechange.shown(new)
    keys = {key for key in {*old, *new} if _value(old, key) != _value(new, key)}
    symbol, action = _class(keys, new)
    return Change(
        symbol, name, action, _detail(keys, old, new, known), _diff(keys, old, new, known)
    )


def _value(line: Line, key: str) -> Any:
    return line.get(key, DEFAULTS.get(key))


def _class(keys: set[str], new: Line) -> tuple[Symbol, str]:
    rest = keys - {"want"}
    if "want" in keys and new.get("want", "up") == "down":
        return "<", "stop"
    if "want" in keys:
        return ">", "start"
    if rest <= LIVE:
        return "~", "live"
    if stagechange.is_stage(new):
        return "~", stagechange.does(new)
    if rest - LIVE == {"files"} and new.get("reload"):
        return "~", "reload"
    return "-/+", "restart"


def _detail(keys: set[str], old: Line, new: Line, known: Known) -> str:
    words = [filechange.told(old, new, known)] if "files" in keys else []
    if "product" in keys:
        words.append(f"{_product(old, known)} -> {_product(new, known)}")
    before, after = stagechange.product(old), stagechange.product(new)
    if before != after:
        words.append(f"{before or 'no commit'} -> {after or 'no commit'}")
    rest = sorted(keys - {"files", "product", "want"})
    words += [_key(key, old, new) for key in rest if not stagechange.follows(key, old, new)]
    return known.hide(", ".join(filter(None, words)))


def _key(key: str, old: Line, new: Line) -> str:
    """The name of a changed key; for a table (env, rlimits) which of its entries."""
    if key == "stage":
        return " ".join(stagechange.keys(old, new))
    before, after = old.get(key), new.get(key)
    if isinstance(before or {}, dict) and isinstance(after or {}, dict):
        left, right = before or {}, after or {}
        names = sorted(name for name in {*left, *right} if left.get(name) != right.get(name))
        return f"{key} {' '.join(names)}" if names else key
    return key


def _product(line: Line, known: Known) -> str:
    digest = (line.get("product") or {}).get("sha256", "")
    return known.names.get(digest) or digest[:12] or "none"


def _diff(keys: set[str], old: Line, new: Line, known: Known) -> str:
    """The whole change as text, for --diff; without secrets."""
    if not known.show_diff:
        return ""
    lines: list[str] = []
    for key in sorted(keys - {"files"}):
        before, after = ({**line, "stage": stagechange.body(line)}.get(key) for line in (old, new))
        lines += _values(key, before, after, known)
    lines += filechange.diff(old, new, known)
    if len(lines) > MAX_DIFF_LINES:
        lines = [*lines[:MAX_DIFF_LINES], f"... {len(lines) - MAX_DIFF_LINES} more lines"]
    return "\n".join(lines)


def _values(key: str, before: Any, after: Any, known: Known) -> list[str]:
    def show(value: Any) -> str:
        return json.dumps(known.hide_in(value), ensure_ascii=False)

    if isinstance(before, dict) and isinstance(after, dict):
        rows: list[str] = []
        for name in sorted({*before, *after}):
            if before.get(name) != after.get(name):
                rows += _values(f"{key}.{name}", before.get(name), after.get(name), known)
        return rows
    left = [] if before is None else [f"-{key}: {show(before)}"]
    right = [] if after is None else [f"+{key}: {show(after)}"]
    return left + right
