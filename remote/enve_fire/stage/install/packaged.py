"""What was fetched as a package (`makepkg`): it is an artifact already, and is not built."""

from __future__ import annotations

import os

from enve_fire.core import package as packages
from enve_fire.core.mark import FOLDER
from enve_fire.core.trouble import INPUT, Trouble
from enve_fire.tree.walk import FILE
from enve_pm.core.refusal import FormatError
from enve_pm.shell.state.handle import read_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from enve_fire.core.package import Package
    from enve_fire.fetch.how import Fetched


def may_be(url: str) -> bool:
    """Whether one may be fetched from there: else nothing has to be, to know that it is none."""
    return url.partition("#")[0].endswith(packages.ENDS)


def of(fetched: Fetched, platform: Sequence[str]) -> Package | None:
    """None for what is none. Raises Trouble for one that says nothing good, or of another kind of
    machine."""
    return read(fetched.path, fetched.path, platform) if fetched.entry else None


def read(folder: str, name: str, platform: Sequence[str]) -> Package | None:
    """What was unpacked there; `name`: what errors call it."""
    try:
        handle = os.open("%s/%s" % (folder, packages.MEMBER), FILE)
    except OSError:
        return None
    try:
        found = packages.read(read_all(handle, packages.LARGEST))
    except FormatError as error:
        raise Trouble(INPUT, "%s: no good package: %s" % (name, error)) from None
    finally:
        os.close(handle)
    if found.platform and list(found.platform[:2]) != list(platform[:2]):
        wanted, here = (" ".join(one[:2]) for one in (found.platform, platform))
        raise Trouble(INPUT, "%s is for %s, and this is %s" % (found.name, wanted, here))
    return found


def fit(package: Package, table: Mapping[str, Any], name: str, source: str = "") -> None:
    """Raises Trouble where it is none of the product's. `name`: what errors call it."""
    flaw = packages.misfit(package, table, source)
    if flaw:
        raise Trouble(INPUT, "%s %s" % (name, flaw), "make it of what the profile says")


def without_own(_top: int) -> Callable[[bytes], bool]:
    """A Skip (`tree.walk`) of what a package says of itself."""
    return lambda path: path == FOLDER.encode()
