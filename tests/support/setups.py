"""Setups of a product in a root of a test's own: profiles made short, and what a root holds."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from enve_fire.core.product import Product
from enve_fire.stage.context import Context
from enve_fire.stage.install.place import Place

Row = dict[str, Any]


def product(files: list[Row], run: list[str] | None = None, **more: Any) -> Product:
    """`more`: title, version, prefix, cfgpath."""
    setup: Row = {"files": files, "run": run or []}
    if "cfgpath" in more:
        setup["cfgpath"] = more.pop("cfgpath")
    head = {"enve": 1, "title": "app", "version": "1", "prefix": "/opt/app", **more}
    return Product("file:///nowhere", "tree:none", {**head, "setup": setup})


def row(path: str, content: str, mode: int = 0o644, **more: Any) -> Row:
    return {"path": path, "content": content, "mode": mode, **more}


def place(root: Path, shared: bool = False) -> Place:
    return Place(str(root), "here", shared)


def context(said: list[str] | None = None) -> Context:
    lines = said if said is not None else []
    return Context(None, None, lines.append, 1, ("Linux", "x86_64", "glibc 2.36"), {})


def tree(root: Path) -> dict[str, Any]:
    """{path: what stands there}, without what setups keep for themselves."""
    found: dict[str, Any] = {}
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name != ".enve")
        for name in [*names, *files]:
            path = Path(folder) / name
            found[str(path.relative_to(root))] = _seen(path)
    return found


def _seen(path: Path) -> Any:
    state = path.lstat()
    if stat.S_ISLNK(state.st_mode):
        return "->" + str(path.readlink())
    content = path.read_bytes() if stat.S_ISREG(state.st_mode) else None
    return (content, stat.S_IMODE(state.st_mode), state.st_uid, state.st_gid)
