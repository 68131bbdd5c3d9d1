"""The root of another unit, as a place for paths: a link in it is never followed, as it may be
anybody's in there, and means something else out here."""

from __future__ import annotations

import os

from enve_pm.maker import api, layer, trusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any


class Root:
    """said: {"at": where it stands, "body": of the subroot's line}"""

    def __init__(self, home: str, said: Mapping[str, Any]) -> None:
        self._at = said["at"]
        paths = said["body"].get("paths", ())
        self._held = {*(one.at for one in api.layers(home)), *(path.strip("/") for path in paths)}

    def holds(self, path: str) -> bool:
        """Whether the root itself has something mounted just there."""
        return path.strip("/") in self._held

    def open(self, path: str, make: bool = False) -> int:
        """Where something is to be mounted: nobody but root may be able to move it away. With
        `make` folders that are missing are made. Raises OSError."""
        return self._below(path, layer.FOLDER if make else "", trusted.judge)

    def show(self, path: str) -> int:
        """What is to be shown elsewhere: whose it is does not matter, as no step leads out of the
        root. Raises OSError."""
        return self._below(path, "", None)

    def _below(self, path: str, make: str, judge: Callable[[int, str], None] | None) -> int:
        root = trusted.open_path(self._at)
        try:
            return layer.below(root, path, make, judge)
        finally:
            os.close(root)
