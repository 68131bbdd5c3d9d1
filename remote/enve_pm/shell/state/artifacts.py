"""HOME/artifacts/USER: the store in which somebody's stages keep what they fetch and build."""

from __future__ import annotations

import os

from enve_pm.shell.process.spawn import SpawnError

FOLDER = "artifacts"
ROOT = "root"


def name_of(user: str) -> str:
    """What the store of a unit's user is called."""
    if user:
        return user
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def store(home: str, user: str) -> str:
    """As a list for `ENVE_STORE`: his own, made and handed over where it is missing, and root's to
    read. Raises SpawnError, OSError."""
    name = name_of(user)
    if "/" in name or name in (".", ".."):
        raise SpawnError("user:%s can have no folder" % name)
    above = "%s/%s" % (home, FOLDER)
    own = "%s/%s" % (above, name)
    if not os.path.isdir(own):
        _make(above, own, user)
    other = "%s/%s" % (above, ROOT)
    return own + ":" + other if name != ROOT and os.path.isdir(other) else own


def _make(above: str, own: str, user: str) -> None:
    if not os.path.isdir(above):
        os.mkdir(above)
        os.chmod(above, 0o711)  # noqa: S103  others pass, and see no names
    os.mkdir(own, 0o700)
    if os.path.basename(own) == ROOT:
        os.chmod(own, 0o755)  # noqa: S103  what root has built, others use
    if user and os.getuid() == 0:
        import pwd

        entry = pwd.getpwnam(user)
        os.chown(own, entry.pw_uid, entry.pw_gid)
