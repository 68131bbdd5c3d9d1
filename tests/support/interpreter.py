"""Pythons that others than root can run."""

from __future__ import annotations

import pwd
import subprocess
import sys
from functools import cache


@cache
def python_for(user: str) -> str:
    """An interpreter that this user may run."""
    who = ["--reuid", user, "--regid", str(pwd.getpwnam(user).pw_gid), "--clear-groups"]
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        # It must be able to start itself: setpriv still has root's eyes when it runs the first.
        again = "import ctypes, os, sys; os.execv(sys.executable, [sys.executable, '-c', ''])"
        argv = ["setpriv", *who, python, "-c", again]
        if subprocess.run(argv, capture_output=True, check=False).returncode == 0:
            return python
    raise AssertionError(f"no python here that {user} can run")
