"""What a profile says, with its defaults (`core.profileshape`: how it is written)."""

from __future__ import annotations

from enve_fire.core import title as titles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

BUILD, INSTALL, RUN = KINDS = ("build", "install", "run")
NEVER, ALWAYS = "never", "always"
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "checkout": {"subdir": "", "submodules": False, "strip": 1, "refresh": NEVER},
    "build": {"copy": True, "env": {}, "sandbox": "auto", "network": False, "run": []},
    "test": {"run": [], "needs": BUILD},
    "settle": {},
    "install": {"mode": "auto", "owner": "", "setuid": [], "keep": 3},
    "setup": {"files": [], "run": [], "cfgpath": ""},
    "run": {"cmd": [], "env": {}, "reload": [], "user": ""},
    "execute": {"cmd": []},
}


def section(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A section with its defaults."""
    return {**DEFAULTS[name], **table.get(name, {})}


def product(table: Mapping[str, Any]) -> str:
    """`lua-5.4.4`."""
    return titles.product(table["title"], table.get("version", ""))


def builds(table: Mapping[str, Any]) -> bool:
    """Whether there is anything to build; else it is used as it was checked out."""
    return bool(section(table, "build")["run"])


def loose(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(key, value as it is written) of what lets its commands out of their walls, or others become
    whoever builds and installs it: all who reach a setuid file may run that."""
    build, files = section(table, BUILD), section(table, "setup")["files"]
    found = [
        ("build.sandbox", "none" if build["sandbox"] == "none" else ""),
        ("build.network", "true" if build["network"] else ""),
        ("install.setuid", " ".join(section(table, INSTALL)["setuid"])),
    ]
    modes = [(number, one["mode"]) for number, one in enumerate(files) if one["mode"] & 0o6000]
    found += [("setup.files[%d].mode" % number, "%o" % mode) for number, mode in modes]
    return [(key, value) for key, value in found if value]


def installs(table: Mapping[str, Any]) -> bool:
    return str(section(table, "install")["mode"]) != "none"


def sets_up(table: Mapping[str, Any]) -> bool:
    found = section(table, "setup")
    return bool(found["files"] or found["run"])


def settles(table: Mapping[str, Any]) -> bool:
    return bool(table.get("settle"))


def setuid(table: Mapping[str, Any]) -> list[str]:
    """What may be setuid, by paths below the root: one without a slash before it is below the
    prefix."""
    lead = table["prefix"].strip("/")
    found = section(table, INSTALL)["setuid"]
    return [(path if path.startswith("/") else "%s/%s" % (lead, path)).strip("/") for path in found]
