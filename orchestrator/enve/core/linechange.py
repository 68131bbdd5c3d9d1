"""What a changed line means for a running unit: one line of a difference.

The class of a change is the node's own (`enve_pm.core.change`): files alone reload, the keys that
the process never sees are live, everything else restarts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import unified_diff
from typing import Any

from enve.model.report import Change, Symbol
from enve_pm.core.change import LIVE
from enve_pm.core.unit import DEFAULTS

HIDDEN = "***"
MAX_DIFF_LINES = 400

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """What helps people to read a difference; `names` and `bodies` go by sha256."""

    names: Mapping[str, str] = field(default_factory=dict)
    bodies: Mapping[str, bytes] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()  # values that are never shown, old and new ones
    secret_blobs: frozenset[str] = frozenset()
    show_diff: bool = False

    def hide(self, text: str) -> str:
        """`text` without any secret value; the longest first, so that no rest of one is left."""
        for value in sorted(filter(None, self.secrets), key=len, reverse=True):
            text = text.replace(value, HIDDEN)
        return text

    def hide_in(self, value: Any) -> Any:
        """The same for every text in a JSON value, before quoting changes what to look for."""
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, list):
            return [self.hide_in(item) for item in value]
        if isinstance(value, dict):
            return {self.hide(name): self.hide_in(item) for name, item in value.items()}
        return value


def parse(text: str) -> Line:
    """A line of a part; it is canonical JSON of ours already."""
    found = json.loads(text)
    return found if isinstance(found, dict) else {}


def created(name: str, text: str) -> Change:
    """`+`: the node does not hold this line yet."""
    want = parse(text).get("want", "up")
    return Change("+", name, "start" if want == "up" else "", "" if want == "up" else "stopped")


def changed(name: str, old: Line, new: Line, known: Known) -> Change:
    """One line out of two that differ."""
    keys = {
        key
        for key in {*old, *new}
        if old.get(key, DEFAULTS.get(key)) != new.get(key, DEFAULTS.get(key))
    }
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
    if rest - LIVE == {"files"} and new.get("reload"):
        return "~", "reload"
    return "-/+", "restart"


def _detail(keys: set[str], old: Line, new: Line, known: Known) -> str:
    words = [_files(old, new, known)] if "files" in keys else []
    if "product" in keys:
        words.append(f"{_product(old, known)} -> {_product(new, known)}")
    words += [_key(key, old, new) for key in sorted(keys - {"files", "product", "want"})]
    return known.hide(", ".join(filter(None, words)))


def _key(key: str, old: Line, new: Line) -> str:
    """The name of a changed key; for a table (env, rlimits) which of its entries."""
    before, after = old.get(key), new.get(key)
    if isinstance(before or {}, dict) and isinstance(after or {}, dict):
        left, right = before or {}, after or {}
        names = sorted(
            name for name in {*left, *right} if left.get(name, None) != right.get(name, None)
        )
        return f"{key} {' '.join(names)}" if names else key
    return key


def _product(line: Line, known: Known) -> str:
    digest = (line.get("product") or {}).get("sha256", "")
    return known.names.get(digest) or digest[:12] or "none"


def _files(old: Line, new: Line, known: Known) -> str:
    before, after = old.get("files") or {}, new.get("files") or {}
    paths = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
    return ", ".join(_file(path, before.get(path), after.get(path), known) for path in paths)


def _file(path: str, before: Line | None, after: Line | None, known: Known) -> str:
    if before is None:
        return f"+{path}"
    if after is None:
        return f"-{path}"
    if before.get("sha256") == after.get("sha256"):
        return f"{path} mode"
    if _is_secret(before, after, known):
        return f"{path} (secret)"
    return f"{path} {_counts(_body_diff(path, before, after, known))}".rstrip()


def _counts(lines: list[str] | None) -> str:
    if lines is None:
        return ""
    if not lines:  # they differ in what is hidden only
        return "(secret)"
    added = sum(line.startswith("+") for line in lines[2:])
    removed = sum(line.startswith("-") for line in lines[2:])
    return f"+{added} -{removed}"


def _is_secret(before: Line, after: Line, known: Known) -> bool:
    return bool({before.get("sha256"), after.get("sha256")} & known.secret_blobs)


def _body_diff(path: str, before: Line, after: Line, known: Known) -> list[str] | None:
    """A unified diff of two bodies; None where one is unknown or no text."""
    texts = [_text(known.bodies.get(side.get("sha256", ""))) for side in (before, after)]
    if texts[0] is None or texts[1] is None:
        return None
    left, right = (known.hide(text or "").splitlines() for text in texts)
    return list(unified_diff(left, right, path, path, lineterm=""))


def _text(body: bytes | None) -> str | None:
    try:
        return None if body is None or b"\0" in body else body.decode()
    except UnicodeDecodeError:
        return None


def _diff(keys: set[str], old: Line, new: Line, known: Known) -> str:
    """The whole change as text, for --diff; without secrets."""
    if not known.show_diff:
        return ""
    lines: list[str] = []
    for key in sorted(keys - {"files"}):
        lines += _values(key, old.get(key), new.get(key), known)
    before, after = old.get("files") or {}, new.get("files") or {}
    for path in sorted({*before, *after}):
        lines += _file_diff(path, before.get(path), after.get(path), known)
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


def _file_diff(path: str, before: Line | None, after: Line | None, known: Known) -> list[str]:
    if before == after:
        return []
    empty = {"sha256": ""}
    left, right = before or empty, after or empty
    if _is_secret(left, right, known):
        return [f"--- {path}", f"+++ {path}", "(secret: not shown)"]
    nothing = Known(known.names, {**known.bodies, "": b""}, known.secrets)
    lines = _body_diff(path, left, right, nothing)
    if lines is None:
        return [f"--- {path} {_digest(left)}", f"+++ {path} {_digest(right)}"]
    return lines


def _digest(side: Line) -> str:
    return str(side.get("sha256", ""))[:12]
