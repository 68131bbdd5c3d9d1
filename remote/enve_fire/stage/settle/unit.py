"""One line of a root, done by pm's own unit for it, without a pm."""

from __future__ import annotations

import errno
import os
import signal
import subprocess

from enve_pm.core import address
from enve_pm.core.unit import RESOURCE, UnitSpec
from enve_pm.maker.place import Place, Trouble
from enve_pm.shell.process.rights import UnknownUser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from enve_pm.maker.step import Made

FAILURES = (Trouble, UnknownUser, OSError)
PATIENCE = 60  # seconds that a command in the root may take
_ENV = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


def why_of(step: Callable[[], object]) -> str:
    """Why it is not so, or could not be done; "" else. A unit of pm's is made for a child of its
    own, and may stand elsewhere afterwards: we go back."""
    here = os.open(".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return _why_of(step)
    finally:
        os.fchdir(here)
        os.close(here)


def _why_of(step: Callable[[], object]) -> str:
    try:
        return str(step() or "")
    except OSError as error:
        why = str(error.strerror)
        if error.errno == errno.EPERM:
            why += ": the kernel refuses it (CAP_SYS_ADMIN, in its first user namespace)"
        return "%s: %s" % (error.filename, why) if error.filename else why
    except FAILURES as error:
        return str(error)


def unit(home: str, line: dict[str, Any], lines: Sequence[dict[str, Any]]) -> Made:
    """`check`, `make` and `undo` of a line; `lines`: all of the root."""
    from enve_pm.maker import step

    spec = UnitSpec.parse(line)
    root = next((one for one in lines if one["kind"] == "subroot"), None)
    if spec.kind == RESOURCE:
        assert root is not None  # noqa: S101
        return _InRoot(root["subroot"]["at"], spec)
    place = Place(home, spec, _roots(root))
    os.makedirs(place.spot, 0o700, exist_ok=True)
    return step.unit(place)


def _roots(root: dict[str, Any] | None) -> dict[str, Any]:
    if root is None:
        return {}
    unit = address.parse(root["name"])[-1]
    return {unit: {"at": root["subroot"]["at"], "body": root["subroot"]}}


class _InRoot:
    """Commands that run in there."""

    def __init__(self, root: str, spec: UnitSpec) -> None:
        self._root = root
        self._spec = spec

    def check(self) -> str:
        return self._run(self._spec.check)

    def make(self) -> None:
        """Raises Trouble."""
        why = self._run(self._spec.make)
        if why:
            raise Trouble(why)

    def undo(self) -> None:
        """It goes with the root."""

    def _run(self, argv: Sequence[str]) -> str:
        """Why it failed; "" else. Nothing of it is left behind."""
        try:
            child = _started(argv, self._root)
        except subprocess.SubprocessError:
            return "its root cannot be entered"
        try:
            said = child.communicate(timeout=PATIENCE)[0].decode("utf-8", "replace").strip()
        except BaseException as error:
            _kill(child)
            if isinstance(error, subprocess.TimeoutExpired):
                return "%s in the root: is not done after %d s" % (argv[0], PATIENCE)
            raise
        if child.returncode == 0:
            return ""
        return said or "%s ended with %d" % (argv[0], child.returncode)


def _started(argv: Sequence[str], root: str) -> subprocess.Popen[bytes]:
    """Raises SubprocessError where it is not entered; Trouble, OSError."""
    from enve_pm.maker import trusted

    handle = trusted.open_path(root)

    def enter() -> None:  # no program does it for who is not root
        os.fchdir(handle)
        os.chroot(".")

    try:
        return subprocess.Popen(
            argv,
            env=_ENV,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=enter,  # noqa: PLW1509  (there are no threads)
            start_new_session=True,
        )
    finally:
        os.close(handle)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """With all that it has started."""
    with child:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it ended just now
