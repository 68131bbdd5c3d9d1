"""The program: the pushed zip unpacked into HOME/lib/HASH and compiled once for this Python.

A zip of sources is compiled again at every start (64 ms, 26 MB); a compiled folder is not (20 ms,
11 MB).
"""

from __future__ import annotations

import io
import os
import shutil
import zipfile

from enve_pm.hostinit import compiling, files
from enve_pm.hostinit.problem import Problem
from enve_pm.shell.state.handle import sync_folder, write_all

MAX_SIZE = 16 << 20  # bytes, unpacked
MAX_FILES = 1000


def install(lib: str, name: str, data: bytes) -> bool:
    """Unpack `data`, whose hash is `name`; False when it is there already."""
    place = lib + "/" + name
    if os.path.isdir(place):
        return False
    if files.sha256(data)[:16] != name:
        raise Problem("the program that came is not %s: it was damaged on its way" % name)
    part = "%s/.%s.new" % (lib, name)
    shutil.rmtree(part, ignore_errors=True)  # of a deploy that was cut off
    try:
        _unpack(data, part)
        compiling.compile_all(part, place)
        _open_up(part)
        os.rename(part, place)
    except OSError:
        shutil.rmtree(part, ignore_errors=True)
        raise
    sync_folder(lib)
    return True


def _unpack(data: bytes, target: str) -> None:
    os.makedirs(target)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        rows = archive.infolist()
        if len(rows) > MAX_FILES or sum(row.file_size for row in rows) > MAX_SIZE:
            raise Problem("the program that came is too large")
        for row in rows:
            steps = row.filename.split("/")
            if row.is_dir() or not all(steps) or {".", ".."} & set(steps):
                raise Problem("the program that came holds a bad name: %r" % row.filename)
            os.makedirs("/".join([target, *steps[:-1]]), exist_ok=True)
            _write("/".join([target, *steps]), archive.read(row))


def _write(path: str, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        write_all(handle, data)
        os.fsync(handle)
    finally:
        os.close(handle)


def _open_up(place: str) -> None:
    """Whoever may enter lib/ may read the program: the umask has no say."""
    for folder, _, names in os.walk(place):
        os.chmod(folder, 0o755)  # noqa: S103  no secret in a program
        for name in names:
            os.chmod(folder + "/" + name, 0o644)


def prune(lib: str, keep: set[str]) -> list[str]:
    """Remove the programs that are not kept; their names."""
    removed = []
    for name in sorted(os.listdir(lib)):
        place = lib + "/" + name
        if name not in keep and os.path.isdir(place) and not os.path.islink(place):
            shutil.rmtree(place, ignore_errors=True)
            removed.append(name)
    return removed
