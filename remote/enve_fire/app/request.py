"""What is asked of `enve fire`, and what was found for it."""

from __future__ import annotations

from enve_fire.app.quick import EXECUTE, MODULE, RUN, SHELL
from enve_fire.core import profile
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from enve_fire.core.product import Product

BUILD, INSTALL, SETUP, TEST = profile.BUILD, profile.INSTALL, "setup", "test"
FINAL = (RUN, EXECUTE, SHELL, MODULE)  # those that an rc file is kept for
UNSETTLE = "unsettle"
WITH_WORDS = (RUN, SHELL)
TARGETS = (*FINAL, TEST, BUILD, INSTALL, SETUP, UNSETTLE)


class Request(
    namedtuple(
        "Request",
        "target words more root sets check keep purge",
        defaults=("", "", False, True, False),
    )
):
    """`words`: of the command line, as they name the rc file · `more`: words for the command that
    runs · `root`: a folder to install to, "": the store · `sets`: text of the values that were
    set · `check`: build again and compare · `keep`: whether an rc file is kept · `purge`: files
    go too."""

    __slots__ = ()

    if TYPE_CHECKING:
        target: str
        words: Sequence[str]
        more: Sequence[str]
        root: str
        sets: str
        check: bool
        keep: bool
        purge: bool


class Loaded(namedtuple("Loaded", "product files missing secrets", defaults=((), ()))):
    """`files`: {absolute path: bytes} of all that the profile was read from · `missing`: absolute
    paths that would have been read if they were there · `secrets`: values that others may not
    see."""

    __slots__ = ()

    if TYPE_CHECKING:
        product: Product
        files: Mapping[str, bytes]
        missing: Sequence[str]
        secrets: Collection[str]
