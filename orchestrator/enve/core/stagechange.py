"""What changed in a chain, in words for people: a product instead of what follows from its name."""

from __future__ import annotations

from typing import Any

from enve.core.filechange import Line
from enve_pm.core import stages
from enve_pm.core.unit import STAGE

OWN = ("PATH", "PREFIX", "ROOT")  # what the chain says in a spot's environment
# Of a stage's body: where its source comes from, which is not what it is made of.
WAYS = ("artifact", "checkout", "platform", "url")


def is_stage(line: Line) -> bool:
    return bool(line.get("kind") == STAGE)


def does(line: Line) -> str:
    """build, install or setup."""
    return str((line.get("stage") or {}).get("do", "make"))


def shown(line: Line) -> Line:
    """A stage's line with its config files by the paths that they get; others as they are."""
    if not is_stage(line) or not line.get("files"):
        return line
    rows = line["stage"].get("table", {}).get("setup", {}).get("files", [])
    files = line["files"]
    named = {
        row["path"]: {**files[row["sha256"]], "mode": row.get("mode", 0)}
        for row in rows
        if row.get("sha256") in files
    }
    return {**line, "files": named}


def keys(old: Line, new: Line) -> list[str]:
    """Of a stage: what of its body differs; "" stands for nothing but its files."""
    before, after = (_flat(line) for line in (old, new))
    return sorted(key for key in {*before, *after} if before.get(key) != after.get(key))


def remakes(old: Line, new: Line) -> bool:
    """Whether a stage that others follow is made anew, and not only found to be there. `old`: {}
    for one that the node does not have."""
    if not is_stage(new) or does(new) == stages.BUILD or new.get("want", "up") != "up":
        return False
    same = (old.get("files") or {}) == (new.get("files") or {})
    return not same or any(key not in WAYS for key in keys(old, new))


def _flat(line: Line) -> dict[str, Any]:
    body = dict(line.get("stage") or {})
    table = dict(body.pop("table", {}))
    setup = dict(table.pop("setup", {}))
    setup.pop("files", None)
    return {**body, **table, **{"setup." + key: value for key, value in setup.items()}}


def body(line: Line) -> Any:
    """What is done, for a difference: its files are told by their contents, and not by sums, by
    which a secret could be guessed."""
    found: Any = line.get("stage")
    setup = (found or {}).get("table", {}).get("setup", {})
    if "files" not in setup:
        return found
    files = [{key: row[key] for key in row if key != "sha256"} for row in setup["files"]]
    return {**found, "table": {**found["table"], "setup": {**setup, "files": files}}}


def product(line: Line) -> str:
    """`lua-5.4.4`: what a spot runs on; "" if it has no chain."""
    found = (stages.split(name) for name in line.get("needs") or ())
    return next((one.product for one in found if one and one.stage == stages.INSTALL), "")


def follows(key: str, old: Line, new: Line) -> bool:
    """Whether a change of this key says nothing more than that the product is another one."""
    before, after = product(old), product(new)
    if before == after:
        return False
    if key in ("needs", "on_restart"):
        return _plain(old, key) == _plain(new, key)
    if key == "env":
        left, right = old.get("env") or {}, new.get("env") or {}
        return all(left.get(n) == right.get(n) for n in {*left, *right} if n not in OWN)
    if key == "command" and before and after:
        words = [str(word).replace(f"/{before}/", f"/{after}/") for word in old.get(key) or ()]
        return words == new.get(key)
    return False


def _plain(line: Line, key: str) -> list[str]:
    """The names that are no stages."""
    return sorted(name for name in line.get(key) or () if stages.split(name) is None)
