"""Lines of units that are no processes, and what is mounted where a pm of a test sees it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from enve_pm.shell.process import mountinfo
from enve_pm.shell.process.mountinfo import Mount
from tests.support.box import Box, line

OWN = ("unshare", "--mount", "--propagation", "private", "--")


def subpm(name: str, mode: str = "root", **keys: Any) -> dict[str, Any]:
    """A nested pm."""
    return line(name, kind="subpm", mode=mode, **keys)


def tmpfs(name: str, at: Path | str = "data", **keys: Any) -> dict[str, Any]:
    return line(name, kind="mount", mount={"type": "tmpfs", "at": str(at), **keys})


def bind(name: str, source: Path, at: Path | str = "data", *options: str) -> dict[str, Any]:
    body = {"type": "bind", "from": str(source), "at": str(at), "options": list(options)}
    return line(name, kind="mount", mount=body)


def volume(name: str, path: Path | str, **keys: Any) -> dict[str, Any]:
    return line(name, kind="volume", volume={"path": str(path), **keys})


def mounted(box: Box) -> list[Mount]:
    """What is mounted below the test's folder, as pm sees it."""
    text = Path(f"/proc/{box.pids()[1]}/mountinfo").read_text()
    return mountinfo.below(str(box.home.parent), list(mountinfo.parse(text)))


def subroot(name: str, kind: str, **keys: Any) -> dict[str, Any]:
    product = keys.pop("product", {})
    body = {"type": kind, "at": "root", **keys}
    return line(name, kind="subroot", subroot=body, **({"product": product} if product else {}))


@contextmanager
def kept(propagation: str = "private") -> Iterator[tuple[str, ...]]:
    """A mount namespace that outlives a pm: the words that run something in it. `propagation`:
    shared is what systemd makes of a machine's mounts."""
    stay = ["sh", "-c", "echo; exec sleep 1000"]
    own = [*OWN[:3], propagation, *OWN[4:]]
    with subprocess.Popen([*own, *stay], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout and process.stdout.readline(), "the namespace is there"
            yield ("nsenter", f"--mount=/proc/{process.pid}/ns/mnt", "--")
        finally:
            process.kill()


def enter(box: Box) -> list[str]:
    """The words that run something where pm is."""
    return ["nsenter", f"--mount=/proc/{box.pids()[1]}/ns/mnt", "--"]


def inside(box: Box, *words: str) -> None:
    subprocess.run([*enter(box), *words], check=True)


def archive(box: Box, *extra: str, mode: int = 0o2755) -> dict[str, Any]:
    """A small root as a tar in pm's store: a shell that needs nothing, and what a real one has."""
    tree = box.home.parent / "tree"
    for folder in ("bin", "etc", "usr/lib"):
        (tree / folder).mkdir(parents=True, exist_ok=True)
    (tree / "etc/motd").write_text("hello " + " ".join(extra) + "\n")
    (tree / "etc/group").write_text("")
    os.chown(tree / "etc/group", 0, 42)
    (tree / "etc/group").chmod(mode)
    if mode == 0o2755 and not (tree / "etc/mtab").is_symlink():
        (tree / "etc/mtab").symlink_to("/proc/self/mounts")
    path = box.home.parent / "tree.tar"
    subprocess.run(["tar", "-C", str(tree), "-cf", str(path), "."], check=True)
    data = path.read_bytes()
    blob = sha256(data).hexdigest()
    (box.home / "store" / blob).write_bytes(data)
    return {"kind": "tar", "sha256": blob, "size": len(data)}
