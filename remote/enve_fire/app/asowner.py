"""To look with the rights of whoever owns a place, where root looks: his marks are not root's, and
what he may not read is not read for him. He can stop whoever works with his rights, so that has
an end."""

from __future__ import annotations

import os
import select
import signal
import time

from enve_fire.core import mark
from enve_fire.core.trouble import BUSY, FAILED, Trouble
from enve_pm.core.canonical import dumps, loads
from enve_pm.core.refusal import FormatError
from enve_pm.shell.state.handle import write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LARGEST = 64 << 20  # bytes of what is found
TIME = 900.0  # seconds for all places of one owner
GRACE, PAUSE = 2.0, 0.002  # seconds
_spent: dict[int, float] = {}  # seconds, by the owner's uid


def as_owner(root: str, look: Callable[[], Any]) -> Any:
    """What `look` finds (JSON). Raises what it raises, or Trouble where that was in a child: BUSY
    if there was no end to it."""
    owner = os.lstat("%s/%s" % (root, mark.FOLDER))
    if os.geteuid() != 0 or owner.st_uid == 0:
        return look()
    begun, left = time.monotonic(), TIME - _spent.get(owner.st_uid, 0.0)
    data, status = _looked(owner, look, left) if left > 0 else (None, None)
    _spent[owner.st_uid] = TIME - left + time.monotonic() - begun
    about = "%s, as its owner (uid %d)" % (root, owner.st_uid)
    if data is None:
        raise Trouble(BUSY, "%s: more than %d s for all that is his" % (about, TIME), _HINT)
    try:
        if status == 0:
            return loads(data)
    except FormatError as error:
        data = str(error).encode()
    raise Trouble(FAILED, "%s: %s" % (about, data.decode("utf-8", "replace")))


_HINT = "name his places one by one, or let him do it"


def _looked(
    owner: os.stat_result, look: Callable[[], Any], seconds: float
) -> tuple[bytes | None, int | None]:
    """What the child wrote, None if it was too late, and its status."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _child(writer, owner, look)
    os.close(writer)
    data = None
    try:
        data = _read(reader, time.monotonic() + seconds)
    finally:
        os.close(reader)
        status = _status(pid, wait=data is not None)
    return data, status


def _read(reader: int, end: float) -> bytes | None:
    """All that comes, up to a bound; None if it has no end by then."""
    comes = select.poll()
    comes.register(reader, select.POLLIN)
    chunks, size = [], 0
    while size < LARGEST:
        if not comes.poll(max(0.0, end - time.monotonic()) * 1000):
            return None
        chunk = os.read(reader, 65536)
        if not chunk:
            break
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)


def _status(pid: int, wait: bool) -> int | None:
    """Once it has ended, or was killed; None if not even that helps: it hangs in a file system."""
    for kill in (False, True) if wait else (True,):
        if kill:
            os.kill(pid, signal.SIGKILL)
        end = time.monotonic() + GRACE
        while time.monotonic() < end:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                return status
            time.sleep(PAUSE)
    return None


def _child(writer: int, owner: os.stat_result, look: Callable[[], Any]) -> None:
    """Never returns; what went wrong is written instead."""
    status = 1
    try:
        try:
            import hashlib  # noqa: F401  (that user may not be able to read them)
            import hmac  # noqa: F401

            os.setgroups(_groups(owner))
            os.setgid(owner.st_gid)
            os.setuid(owner.st_uid)
            found, status = dumps(look()), 0
        except Exception as error:
            found = str(error).encode("utf-8", "replace")
        write_all(writer, found)
    finally:
        os._exit(status)


def _groups(owner: os.stat_result) -> list[int]:
    import pwd

    try:
        return os.getgrouplist(pwd.getpwuid(owner.st_uid).pw_name, owner.st_gid)
    except KeyError:
        return []
