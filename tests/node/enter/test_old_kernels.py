"""What a kernel, or a container around it, does not know is done in the older way."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from enve_pm.enter import kernel, view

pytestmark = [
    pytest.mark.real,
    pytest.mark.host,
    pytest.mark.skipif(os.getuid() != 0, reason="mounts are made by root"),
]


def _writes(folder: Path) -> int:
    """The error of a write there, where it is made read-only, as an exit code; 200: another one."""
    pid = os.fork()
    if pid == 0:
        code = 200
        try:
            kernel.unshare(kernel.NEWNS)
            view.private()
            view.View(str(folder), root=True).protect([str(folder)])
            try:
                (folder / "file").write_text("x")
                code = 0
            except OSError as error:
                code = error.errno or 200
        except OSError as error:
            print(error, file=sys.stderr)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("number", [0, errno.ENOSYS, errno.EPERM])
def test_a_folder_is_read_only(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    if number:
        monkeypatch.setattr(kernel, "set_read_only", missing)
    assert _writes(tmp_path) == errno.EROFS
    (tmp_path / "file").write_text("outside it is as it was")
