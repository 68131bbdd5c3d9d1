"""Work in a process of its own: with other rights, or with mounts that end with it."""

from __future__ import annotations

import os
import pwd
import sys
import traceback
from collections.abc import Callable

from enve_pm.maker import libc
from tests.support.box import installed
from tests.support.interpreter import python_for


def forked(work: Callable[[], object]) -> None:
    """Fails where the work does, which prints why."""
    pid = os.fork()
    if not pid:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0


def in_own_mounts(work: Callable[[], object]) -> None:
    """Nothing that it mounts is left when it ends."""

    def there() -> None:
        libc.unshare(libc.NEWNS)
        libc.mount("", "/", "", libc.REC | libc.PRIVATE)
        work()

    forked(there)


def as_user(name: str, work: Callable[[], object]) -> None:
    """By root: also where this user reads neither our Python nor our program."""
    user, python, place = pwd.getpwnam(name), python_for(name), str(installed().parent)

    def there() -> None:
        sys.executable = python
        _moved(place)
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
        work()

    forked(there)


def _moved(place: str) -> None:
    """What is imported from now on, or started because it lies beside a module, lies there."""
    for name, module in list(sys.modules.items()):
        words = name.split(".")
        if words[0] not in ("enve_pm", "enve_fire"):
            continue
        if hasattr(module, "__path__"):
            module.__path__ = ["/".join((place, *words))]
            words.append("__init__")
        module.__file__ = "/".join((place, *words)) + ".py"
