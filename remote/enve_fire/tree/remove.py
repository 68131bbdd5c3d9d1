"""Remove a tree, whatever its modes are; what its links lead to stays."""

from __future__ import annotations

from enve_pm.shell.state.folder import Folder


def remove(path: str) -> None:
    """Nothing there is no error. Raises OSError: EBUSY where something is mounted in it."""
    above, _, name = path.rstrip("/").rpartition("/")
    with Folder.open(above or ("/" if path.startswith("/") else ".")) as folder:
        folder.remove(name)
