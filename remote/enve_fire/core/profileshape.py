"""A profile as it comes to the stages: rendered, merged, strict. Its keys are in the reference
(docs/reference/profile.md); the controller makes it of an `enve.yml`.

    {"enve": 1, "title": "lua", "version": "5.4.4", "prefix": "/opt/lua", "deps": {...},
     "checkout": {...}, "build": {...}, "test": {...}, "settle": {...}, "install": {...},
     "setup": {...}, "run": {...}, "execute": {...}}

A section that says nothing is left out, and so is a key that has its default. `deps` are whole
products: {"url", "source", "table", "stage"}, where `source` may be "" (not fetched yet).
"""

from __future__ import annotations

from enve_fire.core import profilefields as fields
from enve_fire.core.profile import BUILD, INSTALL, KINDS
from enve_pm.core.fieldcheck import Bad, argv, boolean, integer, one_of, record, text
from enve_pm.core.fieldcheck import below as at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

DEPTH = 6  # of deps of deps: canonical JSON, 32 deep, has room for them within a line of a plan


def _settle(value: Any) -> Any:
    from enve_fire.core.settle import shape  # hardly any product has one

    return shape.check(value)


def _dep(value: Any, depth: int) -> Any:
    shape = {"url": text(4096), "table": lambda inner: check(inner, depth - 1)}
    return record(shape, {"source": text(128, 0), "stage": one_of(BUILD, INSTALL)})(value)


def _deps(depth: int) -> Any:
    def products(value: Any) -> Any:
        if not isinstance(value, list) or len(value) > 64 or (value and depth <= 0):
            raise Bad("a list of at most 64 products, %d deep" % DEPTH, value)
        for i, one in enumerate(value):
            at("[%d]" % i, lambda found: _dep(found, depth), one)
        return value

    return record({}, dict.fromkeys(KINDS, products))


_SECTIONS: Mapping[str, Any] = {
    "checkout": record(
        {},
        {
            "subdir": fields.below,
            "submodules": boolean,
            "strip": integer(0, 16),
            "refresh": fields.refresh,
        },
    ),
    "build": record(
        {},
        {
            "copy": boolean,
            "env": fields.env,
            "sandbox": one_of("auto", "none", "userns", "bwrap"),
            "network": boolean,
            "run": fields.commands,
        },
    ),
    "test": record({}, {"run": fields.commands, "needs": one_of(BUILD, INSTALL, "setup")}),
    "settle": _settle,
    "install": record(
        {},
        {
            "mode": one_of("auto", "reflink", "hardlink", "copy", "none"),
            "owner": fields.owner,
            "setuid": fields.paths,
            "keep": integer(1, 1000),
        },
    ),
    "setup": record({}, {"files": fields.files, "run": fields.commands, "cfgpath": text(255, 0)}),
    "run": record(
        {}, {"cmd": argv, "env": fields.env, "reload": fields.reload, "user": text(64, 0)}
    ),
    "execute": record({}, {"cmd": argv}),
}


def check(value: Any, depth: int = DEPTH) -> Any:
    """The table as it came. Raises Bad (wanted, found, path)."""
    shape = {"enve": integer(1, 1), "title": fields.title, "prefix": fields.prefix}
    more = {"version": fields.version, "deps": _deps(depth), **_SECTIONS}
    return record(shape, more)(value)
