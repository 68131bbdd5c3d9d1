"""What root's own tools must not see of a unit's environment.

Between pm and a unit of another user run `prlimit`, `nice` and `setpriv`, as root. A plan may give
its unit LD_PRELOAD, LANGUAGE or whatever else makes a program load what lies in a spot: put on
before the change of user, that would be root's code. So the plan's variables travel under names
that mean nothing to anybody, and a shell that is the user already gives them back.
"""

from __future__ import annotations

from enve_pm.shell.process.descend import MARKER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

VEIL = "_PM_VEIL_"
# pm says these itself, or they name a folder that none of the tools looks into.
SAID = frozenset((MARKER, "SPOT_DIR", "PM_UNIT", "MAINPID", "NOTIFY_SOCKET", "HOME"))
# A shell keeps these for itself: no script can give them back, and they mean nothing to the tools.
SHELLS = frozenset(
    ("UID", "EUID", "PPID", "SHELLOPTS", "GROUPS", "FUNCNAME", "DIRSTACK", "LINENO", "RANDOM")
)


def veiled(
    env: Mapping[str, str], own: Mapping[str, str], shell: str
) -> tuple[dict[str, str], list[str]]:
    """The environment for the tools, and the words that stand between them and the command to give
    the rest back (none when there is nothing to give). `own`: what pm itself hands on; `shell`: the
    path of sh. Values stay out of the words: everybody can read those."""
    shown: dict[str, str] = {}
    back: list[str] = []
    for name, value in env.items():
        if name in SAID or name in SHELLS or name.startswith("BASH") or own.get(name) == value:
            shown[name] = value
            continue
        veil = "%s%d" % (VEIL, len(back))
        shown[veil] = value
        back.append('%s="$%s"' % (name, veil))
    if not back:
        return shown, []
    bare = [name for name in ("PWD", "OLDPWD", "SHLVL") if name not in env]  # sh adds them
    gone = ["%s%d" % (VEIL, number) for number in range(len(back))]
    script = 'unset %s\nexport %s\nunset %s\nexec "$@"' % (
        " ".join(bare or [VEIL]),
        " ".join(back),
        " ".join(gone),
    )
    return shown, [shell, "-c", script, "sh"]
