"""Nodes that lack something: commands to run an sshd by, and folders to put before its PATH."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.support.lab import SshNode

PYTHONS = ("python3", *(f"python3.{minor}" for minor in range(8, 20)))
MINIMAL_LACKS = "json ctypes shutil tarfile zipfile resource"  # a part of what Debian leaves out
FOLDERS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def programs(*names: str) -> list[str]:
    """The files behind these programs, in every folder where a node looks for them."""
    places = [Path(folder) / name for folder in FOLDERS.split(":") for name in names]
    return sorted({str(place.resolve()) for place in places if place.exists()})


def masked(paths: Iterable[str]) -> tuple[str, ...]:
    """sshd and all below it see no file there."""
    return mounted([f"mount --bind /dev/null {shlex.quote(path)}" for path in paths])


def on_a_small_disk(folder: Path, size: str) -> tuple[str, ...]:
    """sshd and all below it see an own file system in `folder`."""
    return mounted([f"mount -t tmpfs -o size={size} tmpfs {shlex.quote(str(folder))}"])


def mounted(commands: list[str]) -> tuple[str, ...]:
    script = " && ".join([*commands, 'exec "$@"'])
    return ("unshare", "--mount", "sh", "-c", script, "sh")


def mask_now(node: SshNode, path: str) -> None:
    """Mask a file of a node that runs in mounts of its own; `unmask_now` shows it again."""
    _inside(node, "mount", "--bind", "/dev/null", path)


def unmask_now(node: SshNode, path: str) -> None:
    _inside(node, "umount", path)


def _inside(node: SshNode, *command: str) -> None:
    assert node.process is not None and node.prefix
    subprocess.run(["nsenter", "-t", str(node.process.pid), "-m", "-r", *command], check=True)


def shim(folder: Path, scripts: dict[str, str]) -> dict[str, str]:
    """The environment in which these sh programs are found first."""
    folder.mkdir(exist_ok=True)
    for name, text in scripts.items():
        file = folder / name
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)
    return {"PATH": f"{folder}:{FOLDERS}"}


def minimal_python(folder: Path) -> tuple[str, ...]:
    """sshd and all below it see only Pythons that can't import what python3-minimal leaves out."""
    places = programs(*PYTHONS)
    folder.mkdir(exist_ok=True)
    whole = shutil.copy2(shutil.which("python3", path=FOLDERS) or "python3", folder / "whole")
    hide = f'import sys; sys.modules.update(dict.fromkeys("{MINIMAL_LACKS}".split()))'
    minimal = f"exec {whole} -I -S -c '{hide}; exec(sys.argv[1])' \"$4\""
    shim(folder, {"python3": minimal})
    return mounted([f"mount --bind {folder}/python3 {shlex.quote(place)}" for place in places])


def wrong_clock(seconds: int) -> dict[str, str]:
    """A `date` that is so far off."""
    real = shutil.which("date", path=FOLDERS)
    return {"date": f'exec {real} -d "$({real} -d "{seconds} seconds" +@%s)" "$@"'}
