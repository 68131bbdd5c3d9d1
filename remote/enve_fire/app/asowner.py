"""To look with the rights of whoever owns a place, where root looks: his marks are not root's, and
what he may not read is not read for him."""

from __future__ import annotations

import os

from enve_fire.core import mark
from enve_fire.core.trouble import FAILED, Trouble
from enve_pm.core.canonical import dumps, loads
from enve_pm.core.refusal import FormatError
from enve_pm.shell.state.handle import read_all, write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LARGEST = 64 << 20  # bytes of what is found


def as_owner(root: str, look: Callable[[], Any]) -> Any:
    """What `look` finds (JSON). Raises what it raises, or Trouble where that was in a child."""
    owner = os.lstat("%s/%s" % (root, mark.FOLDER))
    if os.geteuid() != 0 or owner.st_uid == 0:
        return look()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _child(writer, owner, look)
    os.close(writer)
    try:
        data = read_all(reader, LARGEST)
    finally:
        os.close(reader)
        _, status = os.waitpid(pid, 0)
    try:
        if status == 0:
            return loads(data)
    except FormatError as error:
        data = str(error).encode()
    told = "%s, as its owner (uid %d): %s" % (root, owner.st_uid, data.decode("utf-8", "replace"))
    raise Trouble(FAILED, told)


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
