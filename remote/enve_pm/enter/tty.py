"""The terminal of a process."""

from __future__ import annotations

import fcntl
import os
import termios

MODE = 0o600  # nobody else writes to it


def control(owner: int) -> None:
    """What 0 leads to is from now on the terminal of this session, and that user's; -1: it is so
    already. Raises OSError."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    if owner >= 0:
        os.fchown(0, owner, -1)
    os.fchmod(0, MODE)
