"""Names: of a product, of what a store calls its entries, and of the units that its stages are.

    lua-5.4.4!build@web   lua-5.4.4!install@web   nginx-1.22!setup@shop@web

A unit belongs to the spot behind its last `@`, and so to whoever may march that spot. What stands
between is the variant of a setup (`cfgpath`), percent-encoded. The unit that runs bears the spot's
own name.
"""

from __future__ import annotations

from enve_fire.core.digest import LENGTH, is_hash
from enve_pm.core import filename, stages
from enve_pm.core.lean import namedtuple

TITLE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-")
LONGEST = 64
DEP = "DEP_"  # begins the name of a variable
_QUOTED = frozenset(b"/%@![]*?")  # the last four: no address could name such a unit
_KEPT = frozenset(range(33, 127)) - _QUOTED

Named = namedtuple("Named", "product stage cfgpath spot")


def is_title(text: object) -> bool:
    """What a product, its version or a root may be called."""
    plain = isinstance(text, str) and 1 <= len(text) <= LONGEST and set(text) <= TITLE
    return plain and not str(text).startswith((".", "-"))


def product(title: str, version: str) -> str:
    """`lua-5.4.4`; `lua` where there is no version."""
    return "%s-%s" % (title, version) if version else title


def entry(hash_: str, title: str) -> str:
    """An entry's name in a store."""
    return "%s-%s" % (hash_, title)


def parse_entry(name: str) -> tuple[str, str] | None:
    """(hash, title), or None for a name that no entry has."""
    hash_, dash, title = name[:LENGTH], name[LENGTH : LENGTH + 1], name[LENGTH + 1 :]
    return (hash_, title) if dash == "-" and is_hash(hash_) and is_title(title) else None


def variable(title: str) -> str:
    """`DEP_LIB_Z` of `lib-z`: the variable that says where a dependency is."""
    return DEP + "".join(sign if sign.isalnum() else "_" for sign in title).upper()


def unit(product: str, stage: str, spot: str, cfgpath: str = "") -> str:
    """The name of a stage's unit, within its pm."""
    variant = "@" + quote(cfgpath) if cfgpath else ""
    return "%s!%s%s@%s" % (product, stage, variant, spot)


def parse_unit(name: str) -> Named | None:
    """What a unit's name says; None for one that is no stage."""
    found = stages.split(name)
    if found is None:
        return None
    return Named(found.product, found.stage, unquote(found.variant), found.spot)


def quote(text: str) -> str:
    """Percent-encodes `/ % @ !`, what addresses take for something else, and a leading dot."""
    return filename.quote(text, _KEPT)


def unquote(text: str) -> str:
    """What `quote` made it of. Raises ValueError."""
    return filename.plain(text)
