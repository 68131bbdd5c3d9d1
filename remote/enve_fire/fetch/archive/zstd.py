"""zstd by its program: the standard library has none before Python 3.14."""

from __future__ import annotations

import os
import subprocess

from enve_fire.core.trouble import MISSING, Trouble
from enve_pm.shell.product.unpack import Unfit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

WORDS = ("zstd", "-dcq", "--no-sparse", "--memory=256MiB")


class Zstd:
    """What the program makes of an open file: `read` raises Unfit where that is not whole."""

    def __init__(self, source: BinaryIO) -> None:
        os.lseek(source.fileno(), source.tell(), os.SEEK_SET)  # the file may be read ahead
        try:
            self._child = subprocess.Popen(
                WORDS,
                stdin=source.fileno(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except (FileNotFoundError, PermissionError):
            hint = "install zstd, or take another form of the archive"
            raise Trouble(MISSING, "the program zstd is missing here", hint) from None

    def read(self, size: int) -> bytes:
        assert self._child.stdout is not None  # noqa: S101  (it is a pipe)
        data = self._child.stdout.read(size)
        if len(data) < size and self._child.wait():
            raise Unfit(
                "compressed wrongly, or cut short (zstd ended with %d)" % self._child.wait()
            )
        return data

    def close(self) -> None:
        assert self._child.stdout is not None  # noqa: S101
        self._child.stdout.close()
        self._child.kill()
        self._child.wait()
