"""What changed in the config files of one unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import unified_diff
from typing import Any

from enve.core.known import Known

Line = Mapping[str, Any]
Entry = Mapping[str, Any]  # one file of a line: sha256, size, mode
NOTHING: Entry = {"sha256": ""}


def told(old: Line, new: Line, known: Known) -> str:
    """In a few words: `nginx.conf +2 -1, +site.conf`."""
    return ", ".join(_file(*change, known) for change in _changed(old, new))


def diff(old: Line, new: Line, known: Known) -> Iterator[str]:
    """Line by line, without secrets."""
    for change in _changed(old, new):
        yield from _file_diff(*change, known)


def _changed(old: Line, new: Line) -> Iterator[tuple[str, Entry | None, Entry | None]]:
    """The path of each file that differs, and its entry in both lines."""
    before, after = old.get("files") or {}, new.get("files") or {}
    for path in sorted({*before, *after}):
        if before.get(path) != after.get(path):
            yield path, before.get(path), after.get(path)


def _file(path: str, before: Entry | None, after: Entry | None, known: Known) -> str:
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


def _is_secret(before: Entry, after: Entry, known: Known) -> bool:
    return bool({before.get("sha256"), after.get("sha256")} & known.secret_blobs)


def _body_diff(path: str, before: Entry, after: Entry, known: Known) -> list[str] | None:
    """A unified diff of two bodies; None where one is unknown or no text."""
    texts = [_text(side, known) for side in (before, after)]
    if texts[0] is None or texts[1] is None:
        return None
    left, right = (known.hide(text or "").splitlines() for text in texts)
    return list(unified_diff(left, right, path, path, lineterm=""))


def _text(side: Entry, known: Known) -> str | None:
    body = b"" if side is NOTHING else known.bodies.get(side.get("sha256", ""))
    try:
        return None if body is None or b"\0" in body else body.decode()
    except UnicodeDecodeError:
        return None


def _file_diff(path: str, before: Entry | None, after: Entry | None, known: Known) -> list[str]:
    left, right = before or NOTHING, after or NOTHING
    if _is_secret(left, right, known):
        return [f"--- {path}", f"+++ {path}", "(secret: not shown)"]
    lines = _body_diff(path, left, right, known)
    if lines is None:
        return [f"--- {path} {_digest(left)}", f"+++ {path} {_digest(right)}"]
    return lines


def _digest(side: Entry) -> str:
    return str(side.get("sha256", ""))[:12]
