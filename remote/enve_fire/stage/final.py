"""Final: the environment of what runs, and the command that it is."""

from __future__ import annotations

from enve_fire.core import filled, profile, rcfile
from enve_fire.core.trouble import INPUT, Trouble
from enve_fire.stage.environment import FIXED, SYSTEM, variables
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

# These are the caller's: what runs is no stage, it has a home and a terminal.
_OWN = ("HOME", "TMPDIR", *FIXED)


class Where(namedtuple("Where", "root src home", defaults=("", "", ""))):
    """`root`: the place's; `src`: the source's folder; `home`: the software's own, which is
    `root` and the prefix, or `src` where it runs as it was checked out."""

    __slots__ = ()

    if TYPE_CHECKING:
        root: str
        src: str
        home: str


def environment(
    table: Mapping[str, Any], hash_: str, where: Where, deps: Sequence[tuple[str, str]], jobs: int
) -> dict[str, str]:
    """What the rc file exports. Of PATH only what comes before the caller's."""
    path = (where.home + "/bin",)
    env = variables(
        table,
        profile.RUN,
        hash_,
        src=where.src,
        root=where.root,
        jobs=jobs,
        deps=deps,
        path=path,
    )
    for name in (*_OWN, "OUT", "SOURCE_DATE_EPOCH"):
        env.pop(name)
    env[rcfile.PATH] = env[rcfile.PATH][: -len(":" + ":".join(SYSTEM))]
    return {**env, **profile.section(table, profile.RUN)["env"]}


def command(table: Mapping[str, Any], section: str, where: Where) -> list[str]:
    """`run.cmd` or `execute.cmd`. Its program, where that begins with the prefix, is found in the
    software's own folder, and so is one that is told by a relative path. `$ROOT`, `$PREFIX` and
    `$SRC` are filled in."""
    words = list(profile.section(table, section)["cmd"])
    if not words:
        text = "%s: its profile has no %s.cmd" % (profile.product(table), section)
        raise Trouble(INPUT, text, "`enve shell` opens a shell in its environment")
    program, prefix = words[0], table["prefix"].rstrip("/") + "/"
    if program.startswith(prefix):
        words[0] = "%s/%s" % (where.home, program[len(prefix) :])
    elif "/" in program and not program.startswith("/"):
        words[0] = "%s/%s" % (where.home, program)
    names = {"ROOT": where.root, "PREFIX": table["prefix"], "SRC": where.src}
    return filled.words(words, names)
