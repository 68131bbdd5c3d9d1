"""How one thing in a tree is not as it was."""

from __future__ import annotations

from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False

MISSING, CHANGED, KIND, MODE = "missing", "changed", "kind", "mode"
EXTRA, UNREADABLE = "extra", "unreadable"
_SAID = {KIND: "is something else", EXTRA: "was not there", UNREADABLE: "cannot be read"}


class Difference(namedtuple("Difference", "path how detail", defaults=("",))):
    """`path`: below the top · `how`: one of the words above · `detail`: both modes, or why."""

    __slots__ = ()

    if TYPE_CHECKING:
        path: str
        how: str
        detail: str

    def said(self) -> str:
        """A line for people."""
        joint = " " if self.how == MODE else ": "
        return "%s: %s%s" % (
            self.path,
            _SAID.get(self.how, self.how),
            joint + self.detail if self.detail else "",
        )
