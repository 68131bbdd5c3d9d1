"""What has come so far of a download, and how to ask for the rest.

FOLDER/part         the bytes
FOLDER/part.of      what the server calls just this (an ETag, or its date): canonical JSON
"""

from __future__ import annotations

import os

from enve_fire.tree.written import unlink
from enve_pm.core.canonical import dumps, loads
from enve_pm.core.refusal import FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.fetch.web.http import Answer


class Part:
    """Whoever calls holds the lock of the folder. Every method raises OSError."""

    def __init__(self, folder: str) -> None:
        self.path = folder + "/part"
        self._of = folder + "/part.of"

    def size(self) -> int:
        """Bytes."""
        try:
            return os.stat(self.path).st_size
        except FileNotFoundError:
            return 0

    def begun(self) -> tuple[int, str]:
        """How much is there of what the server can still call by name, and that name; (0, "")."""
        try:
            with open(self._of, "rb") as file:
                tag = str(loads(file.read(65536))["tag"])
        except (OSError, FormatError, KeyError, TypeError):
            tag = ""
        size = self.size() if tag else 0
        return (size, tag) if size else (0, "")

    def name(self, answer: Answer) -> None:
        """How to ask for the rest: by a strong name, since bytes are put together."""
        tag = answer.header("ETag")
        if not tag.startswith('"'):
            tag = answer.header("Last-Modified")
        with open(self._of, "wb") as file:
            file.write(dumps({"tag": tag}))

    def drop(self) -> None:
        """What came is of no use."""
        unlink(self.path)
        unlink(self._of)
