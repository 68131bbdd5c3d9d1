"""One product's files among those of others in a root: each gets its name by a rename, and what it
does not have any more goes. All of it is known before (`manifest`): what is cut off can go on."""

from __future__ import annotations

import errno
import os
import stat

from enve_fire.core.trouble import INSTALL, Trouble
from enve_fire.stage import moving
from enve_fire.tree.listing import IS_FOLDER
from enve_fire.tree.names import real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping, Sequence

    from enve_fire.stage.install.manifest import Manifests
    from enve_fire.tree.listing import Listed
    from enve_pm.shell.state.folder import Folder


def clear(root: Folder, known: Manifests, new: Mapping[str, str]) -> None:
    """What it had and has no more goes, but for what others have, and folders that hold more."""
    for path in sorted(known.own, reverse=True):
        was_folder = known.own[path][0] == IS_FOLDER
        stays = path in new and (new[path] == IS_FOLDER) == was_folder
        if stays or known.others_have(path):
            continue
        try:
            with around(root, path) as inner:
                inner.unlink(moving.part_of(name_of(path)))
                remove = os.rmdir if was_folder else os.unlink
                remove(name_of(path), dir_fd=inner.fd)
        except OSError as error:
            # Something else is there now, or others' things are in it: that is not ours.
            if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ENOTEMPTY, errno.EISDIR):
                raise


def lay(source: Folder, root: Folder, known: Manifests, rows: Sequence[Listed]) -> None:
    """In the order of the paths, so folders before what they hold. A folder that is not there yet
    comes with all that is in it."""
    moved = set()
    for path, content, mode in rows:
        above, _, _ = path.rpartition("/")
        if above in moved:
            moved.add(path)
            continue
        with around(source, path) as mine, around(root, path) as theirs:
            name = name_of(path)
            if content == IS_FOLDER and theirs.has(name):
                with theirs.below(name) as folder:
                    _widen(folder, known, path, mode)
                continue
            if _move(mine, theirs, known, path) and content == IS_FOLDER:
                moved.add(path)


def _move(mine: Folder, theirs: Folder, known: Manifests, path: str) -> bool:
    """Whether all that is in it has come along."""
    name = name_of(path)
    try:
        if path in known.own:
            _make_way(mine, theirs, name)
        return _moved(mine, theirs, name)
    except OSError as error:
        if error.errno not in (errno.EISDIR, errno.ENOTDIR, errno.ENOTEMPTY):
            raise
        told = "/%s: a folder that is not empty is in the way" % path
        raise Trouble(INSTALL, told, "take another prefix, or another root") from None


def _moved(mine: Folder, theirs: Folder, name: str) -> bool:
    try:
        os.rename(name, name, src_dir_fd=mine.fd, dst_dir_fd=theirs.fd)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        if mine.has(name):
            _make(theirs, name, mine.stat(name))
            return False
        moving.copy(mine, name, theirs, name, exact=True)
        os.fsync(theirs.fd)
    return True


def _make(target: Folder, name: str, state: os.stat_result) -> None:
    """A folder like that of another file system, with nothing in it yet."""
    os.mkdir(name, 0o700, dir_fd=target.fd)
    with target.below(name) as made:
        os.fchown(made.fd, state.st_uid, state.st_gid)
        os.fchmod(made.fd, stat.S_IMODE(state.st_mode))
    os.fsync(target.fd)


def _make_way(mine: Folder, theirs: Folder, name: str) -> None:
    """A file does not take the place of a folder, nor the reverse."""
    folder = theirs.has(name)
    if folder == mine.has(name):
        return
    try:
        (os.rmdir if folder else os.unlink)(name, dir_fd=theirs.fd)
    except FileNotFoundError:
        pass


def _widen(folder: Folder, known: Manifests, path: str, mode: int) -> None:
    """A folder that installs have made suits all who have it."""
    wanted = known.mode(path, mode)
    if (path in known.own or known.others_have(path)) and wanted != stat.S_IMODE(
        os.fstat(folder.fd).st_mode
    ):
        os.fchmod(folder.fd, wanted)


def around(root: Folder, path: str) -> Folder:
    steps = [os.fsdecode(step) for step in real(path).split(b"/")]
    return root.reach(steps[:-1], make=False)


def name_of(path: str) -> str:
    return os.fsdecode(real(path).rpartition(b"/")[2])
