"""What a unit runs with: products that its own needs, by their paths, which only the node knows.

They lie in the node's store, so that no plan can name them. An install writes a text for `sh`, and
the command of the unit reads it (see `enve.load.chain.running`).
"""

from __future__ import annotations

import os
import shlex

from enve_fire.core.rctext import quoted
from enve_fire.core.title import DEP, variable
from enve_fire.stage import marks
from enve_fire.stage.install.place import marks_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Mapping

    from enve_fire.stage.dep import Dep
    from enve_fire.stage.install.place import Place


def is_there(place: Place, table: Mapping[str, Any]) -> bool:
    """The text, and what it names: somebody may have removed that."""
    data = marks.read(place.env(table), os.geteuid())
    words = shlex.split(data.decode("utf-8", "surrogateescape"))
    named = [word.partition("=")[2] for word in words if word.startswith(DEP)]
    return bool(data) and all(map(os.path.isdir, named))


def write(place: Place, table: Mapping[str, Any], deps: Sequence[Dep]) -> None:
    """After the install: what is cut off in between is done again, as `is_there` says no."""
    with marks_of(place):
        marks.replace(place.env(table), text(deps))


def text(deps: Sequence[Dep]) -> bytes:
    """Its own programs come first in PATH, theirs next."""
    lines = ["export %s=%s" % (variable(dep.title), quoted(dep.where)) for dep in deps]
    folders = "".join(quoted(dep.where + "/bin") + ":" for dep in deps)
    lines.append('export PATH="$ROOT$PREFIX/bin:"%s"$PATH"' % folders)
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")
