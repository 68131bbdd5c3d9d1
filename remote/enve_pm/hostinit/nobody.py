"""pm without an init that we may tell: started now in its own session, under its own outer loop."""

from __future__ import annotations

from enve_pm.hostinit import life
from enve_pm.hostinit.keeper import Keeper
from enve_pm.hostinit.kept import as_root
from enve_pm.hostinit.problem import Problem, tool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.hostinit.kept import Kept


class Nobody(Keeper):
    """pm's outer loop alone: a crash is covered, a reboot is not."""

    kind = "none"

    def text(self) -> str:
        return ""

    def there(self) -> bool:
        return False

    def usable(self) -> bool:
        return True

    def register(self, force: bool = False) -> bool:
        """Nothing to register with."""
        return False

    def start(self) -> None:
        """In a session of its own."""
        status, said = tool([self.kept.launcher, *self.kept.loop])
        if status:
            raise Problem(
                "pm did not start (%d): %s" % (status, said or "it said nothing"),
                "look into %s/log on the node" % self.kept.home,
            )

    def stop(self) -> None:
        life.stop(self.kept.home)

    def remove(self) -> bool:
        return False


class Rooted(Nobody):
    """A login's pm that root has registered with the system's init, which starts it at boot."""

    kind = "as-root"

    def __init__(self, kept: Kept, other: Keeper) -> None:
        super().__init__(kept)
        self.other = other

    def there(self) -> bool:
        return True

    def stop(self) -> None:
        raise self._roots("stop")

    def remove(self) -> bool:
        raise self._roots("remove")

    def _roots(self, action: str) -> Problem:
        return Problem(
            "root has registered it with %s" % self.other.kind,
            as_root(self.kept.home, action),
        )
