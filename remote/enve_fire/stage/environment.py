"""The environment that a stage's commands see: all of it, and nothing of the caller's.

SRC OUT ROOT PREFIX JOBS HOME TMPDIR SOURCE_DATE_EPOCH ENVE_TITLE ENVE_STAGE ENVE_HASH
PATH LC_ALL TZ, DEP_<TITLE> of each dependency, and what `build.env` says
"""

from __future__ import annotations

from enve_fire.core import profile
from enve_fire.core.title import variable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

SYSTEM = ("/usr/bin", "/bin")
FIXED = {"LC_ALL": "C", "TZ": "UTC"}
UMASK = 0o022


def variables(  # noqa: PLR0913
    table: Mapping[str, Any],
    stage: str,
    hash_: str,
    *,
    src: str | None = "",
    out: str = "",
    root: str = "",
    scratch: str = "",
    jobs: int = 1,
    epoch: int | None = 0,
    deps: Sequence[tuple[str, str]] = (),
    path: Sequence[str] = (),
) -> dict[str, str]:
    """`scratch`: a folder of this step's own, which HOME and TMPDIR are; `deps`: (title, its
    $ROOT$PREFIX) of each; `path`: folders that come before all others in PATH. What is None is
    left out."""
    found = {
        "SRC": src,
        "OUT": out,
        "ROOT": root,
        "PREFIX": table["prefix"],
        "JOBS": str(jobs),
        "HOME": scratch,
        "TMPDIR": scratch,
        "SOURCE_DATE_EPOCH": None if epoch is None else str(epoch),
        "ENVE_TITLE": table["title"],
        "ENVE_STAGE": stage,
        "ENVE_HASH": hash_,
    }
    places = {variable(title): where for title, where in deps}
    folders = dict.fromkeys([*path, *(where + "/bin" for _, where in deps), *SYSTEM])
    more = profile.section(table, "build")["env"] if stage == profile.BUILD else {}
    known = {name: value for name, value in found.items() if value is not None}
    return {**FIXED, "PATH": ":".join(folders), **more, **places, **known}
