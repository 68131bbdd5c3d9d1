"""Stores of others that a build on a node may be taken from, as pm has put them into its line (see
`enve_pm.core.stores`)."""

from __future__ import annotations

from binascii import a2b_base64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from enve_fire.store.store import Store


def add(store: Store, found: Mapping[str, Any], now: float) -> None:
    """Ask them, too. A key counts while its keyhole is open."""
    keys = [
        a2b_base64(one["ring"])
        for one in found["keys"]
        if one["since"] <= now and not (one["until"] and now > one["until"])
    ]
    store.webs = [url.rstrip("/") for url in found["from"]]
    store.ring = b"".join(keys)
