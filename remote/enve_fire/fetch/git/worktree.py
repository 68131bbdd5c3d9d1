"""A repository on this machine: whose it is, and what of it is not committed.

git runs what a repository's own configuration names (fsmonitor, filters, hooks). So another user's
is not touched, unless who asks says so in his own configuration of git; and even one's own may be a
stranger's that one unpacked: see `uncommitted`.
"""

from __future__ import annotations

import os
import subprocess

from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_fire.fetch.git.uncommitted import uncommitted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

    from enve_fire.fetch.git.program import Git
    from enve_fire.fetch.how import How

SHOWN = 5


def checked(path: str, how: How) -> Sequence[str]:
    """Other users' repositories that may be read: this one, or none where it is our own. Raises
    Trouble where it may not."""
    try:
        owners = {os.stat(path).st_uid}
        if os.path.lexists(path + "/.git"):
            owners.add(os.stat(path + "/.git").st_uid)
    except OSError as error:
        raise Trouble(CHECKOUT, "%s: %s" % (path, error.strerror), "see the path") from None
    if owners <= {os.geteuid()}:
        return ()
    if owners <= {os.geteuid(), 0} or path in _trusted(how):
        return (path, path + "/.git")
    hint = "if you trust him: git config --global --add safe.directory %s" % path
    text = "%s: the repository is another user's (uid %d)" % (path, max(owners))
    raise Trouble(CHECKOUT, text, hint)


def _trusted(how: How) -> Sequence[str]:
    """What the user's own git takes for safe."""
    environ = {name: how.environ[name] for name in ("PATH", "HOME") if name in how.environ}
    words = ["git", "config", "--global", "-z", "--get-all", "safe.directory"]
    try:
        done = subprocess.run(
            words, env=environ, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError:
        return ()
    return [os.fsdecode(one).rstrip("/") for one in done.stdout.split(b"\0") if one]


def warn(git: Git, path: str, how: How) -> None:
    """Say what is left out of a folder that is being worked in."""
    if not path or not os.path.lexists(path + "/.git") or os.stat(path).st_uid != os.geteuid():
        return
    names = uncommitted(git, path)
    if names:
        shown = ", ".join(ascii(name)[1:-1] for name in names[:SHOWN])
        more = " and %d more" % (len(names) - SHOWN) if len(names) > SHOWN else ""
        how.report("%s: what is not committed is left out: %s%s" % (path, shown, more))
