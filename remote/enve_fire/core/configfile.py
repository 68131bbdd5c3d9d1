"""The files that a setup wants in a root, as its profile says."""

from __future__ import annotations

from enve_fire.core import profile
from enve_fire.core.laying import above
from enve_fire.core.mark import FOLDER
from enve_pm.core.digest import sha256
from enve_pm.core.fieldcheck import Bad
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Mapping

SAVED = ".enve-save"  # ends the name of what somebody had edited
CLOSED = 0o600  # the mode of a secret


class ConfigFile(namedtuple("ConfigFile", "path mode owner secret content sum")):
    """`path`: in the root, begins with `/`; `content`: None where the file is brought beside, by
    its `sum` (SHA-256)."""

    __slots__ = ()

    if TYPE_CHECKING:
        path: str
        mode: int
        owner: str
        secret: bool
        content: bytes | None
        sum: str


def wanted(table: Mapping[str, Any]) -> list[ConfigFile]:
    """Sorted by path. Raises Bad."""
    rows = profile.section(table, "setup")["files"]
    found = sorted(_file(row, table["prefix"]) for row in rows)
    _check([one.path for one in found])
    return found


def _file(row: Mapping[str, Any], prefix: str) -> ConfigFile:
    content = row["content"].encode() if "content" in row else None
    sum_ = row["sha256"] if content is None else sha256(content).hexdigest()
    secret = row.get("secret", False)
    mode = CLOSED if secret else row["mode"]
    path = _inside(row["path"], prefix)
    return ConfigFile(path, mode, row.get("owner", ""), secret, content, sum_)


def _inside(path: str, prefix: str) -> str:
    """A file's path in the root; a relative one counts from the prefix. Raises Bad."""
    found = path if path.startswith("/") else prefix.rstrip("/") + "/" + path
    if found.split("/")[1] == FOLDER:
        raise Bad("a path outside of /%s, which is kept for marks" % FOLDER, path)
    if found.endswith(SAVED):
        raise Bad("a name that does not end in " + SAVED, path)
    return found


def _check(paths: Iterable[str]) -> None:
    known = set()
    for path in paths:
        if path in known:
            raise Bad("each path once", path)
        known.add(path)
    for path in sorted(known):
        for folder in above(path):
            if folder in known:
                raise Bad("a file or a folder %s, not both" % folder, path)
