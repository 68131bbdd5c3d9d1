"""IPv6 on a link: not at all where the plan gives it no such address, and never as routers say.

Otherwise the kernel gives every link an address of its own, and takes more from anybody who sends
advertisements: ways into and out of a namespace that nobody has granted.
"""

from __future__ import annotations

import os

from enve_pm.maker.place import Trouble

_FOLDER = "/proc/sys/net/ipv6/conf/"
_ON = {"disable_ipv6": "0", "accept_ra": "0"}
_OFF = {"disable_ipv6": "1"}


def differs(link: str, wanted: bool) -> str:
    """Why it is not so; empty when it is. In the link's namespace."""
    if not os.path.isdir(_FOLDER):
        return "this kernel has no IPv6" if wanted else ""
    for key, value in (_ON if wanted else _OFF).items():
        if _read(link, key) != value:
            return "%s: %s is not %s" % (link, key, value)
    return ""


def settle(link: str, wanted: bool) -> None:
    """Raises Trouble, OSError."""
    if not os.path.isdir(_FOLDER):
        if wanted:
            raise Trouble(differs(link, wanted))
        return
    for key, value in (_ON if wanted else _OFF).items():
        if _read(link, key) != value:
            with open(_FOLDER + link + "/" + key, "w", encoding="ascii") as file:
                file.write(value)


def _read(link: str, key: str) -> str:
    with open(_FOLDER + link + "/" + key, encoding="ascii") as file:
        return file.read().strip()
