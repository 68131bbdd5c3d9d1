"""Which pm may contain which (memo, "pm sub").

A pm is of a kind: with root rights (R) or without (U), and behind what walls: none, a root of its
own (chroot), or namespaces of its own (jail). R must not follow U: RU RRU RRRR UUUU RRUU stand, UR
RUR RURR URRR are refused. What may stand in which kind is the table below.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = "R"
USER = "U"
_LETTERS = {"root": ROOT, "user": USER}

ROOTPM, CHROOT_ROOTPM, JAIL_ROOTPM = "rootpm", "chroot_rootpm", "jail_rootpm"
USERPM, CHROOT_USERPM, JAIL_USERPM = "userpm", "chroot_userpm", "jail_userpm"
_BELOW_ROOT = (ROOTPM, JAIL_ROOTPM, CHROOT_ROOTPM, CHROOT_USERPM, USERPM)
INSIDE: Mapping[str, Sequence[str]] = {
    ROOTPM: _BELOW_ROOT,
    CHROOT_ROOTPM: _BELOW_ROOT,
    JAIL_ROOTPM: (JAIL_ROOTPM, CHROOT_ROOTPM, CHROOT_USERPM, USERPM),
    USERPM: (USERPM, JAIL_USERPM),
    CHROOT_USERPM: (USERPM,),
    JAIL_USERPM: (USERPM,),
}


class NestingError(ValueError):
    """A chain of pms that cannot run; the message names the rule."""


def kind(mode: str, root: str = "", jail: bool = False) -> str:
    """Of which kind a pm is: its mode (root, user), the root that it enters, whether it is a jail,
    which may have a root of its own too."""
    if mode not in _LETTERS:
        raise NestingError(f"wanted mode root or user, found {mode!r}")
    return ("jail_" if jail else "chroot_" if root else "") + mode + "pm"


def letter(kind: str) -> str:
    """`R` for a kind with root rights, `U` for one without."""
    if kind not in INSIDE:
        raise NestingError(f"wanted a kind of pm ({' '.join(INSIDE)}), found {kind!r}")
    return ROOT if kind.endswith(ROOTPM) else USER


def check(chain: Sequence[str]) -> None:
    """Judge a chain of kinds, the outermost pm first: `check(["rootpm", "jail_rootpm"])`."""
    letters = "".join(map(letter, chain))
    for depth in range(1, len(chain)):
        outer, inner = chain[depth - 1 : depth + 1]
        if letters[depth - 1 : depth + 1] == USER + ROOT:
            raise NestingError(
                f"R cannot follow U: in {letters} the pm at depth {depth} wants root rights "
                "and the pm around it has none; only user-level pms may end a chain (R...RU...U)"
            )
        if inner not in INSIDE[outer]:
            may = " ".join(INSIDE[outer])
            raise NestingError(f"no {inner} in a {outer} (at depth {depth}): it may hold {may}")
