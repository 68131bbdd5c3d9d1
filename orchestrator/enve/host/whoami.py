"""Who we are on this machine, also where no passwd entry says so: containers give out bare uids."""

from __future__ import annotations

import getpass
import os
import socket


def user() -> str:
    """The login's name, or its uid."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def user_at_host() -> str:
    """`alice@laptop`: what others are shown."""
    return f"{user()}@{socket.gethostname()}"
