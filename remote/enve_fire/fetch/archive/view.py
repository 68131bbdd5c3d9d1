"""What of an archive becomes a folder: what lies below its `strip` first folders, and there below
`subdir`. Pure."""

from __future__ import annotations

from enve_fire.core.digest import FORMAT, hash_of
from enve_pm.shell.product.unpack import Unfit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Tuple

    Steps = Tuple[str, ...]

STRIP = 1  # as long as nobody says another


def suffix(strip: int, subdir: str, submodules: bool = False) -> str:
    """What the same bytes are told apart by where they are not looked at in the usual way."""
    if (strip, subdir, submodules) == (STRIP, "", False):
        return ""
    view = {"v": FORMAT, "strip": strip, "subdir": subdir, "submodules": submodules}
    return ":" + hash_of("view", view)


class View:
    """`of` gives the steps of a member below the folder that is made; None for one beside it.
    Raises Unfit for what would be lost: nothing vanishes silently."""

    def __init__(self, strip: int = STRIP, subdir: str = "") -> None:
        self.strip = strip
        self.below: Steps = tuple(step for step in subdir.split("/") if step)
        self.top: Optional[Steps] = None

    def of(self, steps: Steps, folder: bool) -> Optional[Steps]:
        """Where a member lies when it is unpacked; None: nowhere. Raises Unfit."""
        head, rest = steps[: self.strip], steps[self.strip :]
        if not rest and self.strip:
            if not folder:
                raise Unfit(self._lost(steps))
            return None
        if self.top is None:
            self.top = head
        if head != self.top:
            raise Unfit(self._lost(steps))
        if rest[: len(self.below)] != self.below:
            return None
        return rest[len(self.below) :]

    def link(self, steps: Steps, target: str) -> str:
        """A symbolic link's target, where the link is seen at `steps` of the archive: the same,
        unless it leads up out of what is left and in again by name."""
        way = [step for step in target.split("/") if step not in ("", ".")]
        up = next((at for at, step in enumerate(way) if step != ".."), len(way))
        root = (*(self.top or ()), *self.below)
        depth = len(steps) - 1 - len(root)
        reached = (*steps[: len(steps) - 1 - up], *way[up:])
        if target.startswith("/") or up <= depth or up > len(steps) - 1 or ".." in way[up:]:
            return target  # inside anyway, or outside: then it is refused
        if reached[: len(root)] != root:
            return target
        return "/".join([".."] * depth + list(reached[len(root) :])) or "."

    def _lost(self, steps: Steps) -> str:
        name = ascii("/".join(steps)[:120])
        return "%s does not lie below one folder at the top (strip: %d)" % (name, self.strip)
