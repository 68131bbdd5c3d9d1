"""Files made ready, whole and on the disk, before the first one is laid."""

from __future__ import annotations

import os

from enve_fire.core.trouble import SETUP, Trouble
from enve_fire.stage.config.kept import default_name
from enve_fire.stage.moving import copy
from enve_fire.tree.pieces import sha256_of
from enve_fire.tree.pour import pour
from enve_pm.shell.state.folder import Folder
from enve_pm.shell.state.handle import write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping, Sequence

    from enve_fire.core.configfile import ConfigFile
    from enve_fire.core.laying import State
    from enve_fire.stage.config.owner import Owners


def all_files(
    new: Folder, files: Sequence[ConfigFile], blobs: str, owners: Owners
) -> dict[str, str]:
    """{path: the name of what shall stand there, in `new`}. Raises Trouble, OSError."""
    for number, file in enumerate(files):
        _make(new, str(number), file, blobs, owners)
    return {file.path: str(number) for number, file in enumerate(files)}


def all_defaults(
    new: Folder, default: Folder, before: State, wanted: Mapping[str, str]
) -> dict[str, str]:
    """Likewise for paths that are not wanted any more; "" where nothing stood."""
    names = {}
    for number, path in enumerate(before.gone(wanted)):
        names[path] = "back-%d" % number if before.defaults[path] else ""
        if names[path]:
            copy(default, default_name(path), new, names[path])
    return names


def _make(new: Folder, name: str, file: ConfigFile, blobs: str, owners: Owners) -> None:
    """`new/NAME`, as it shall stand. Raises Trouble, OSError."""
    handle = new.create(name)
    try:
        if file.content is None:
            _bring(handle, file, blobs)
        else:
            write_all(handle, file.content)
        owners.give(handle, file.owner, file.path)
        os.fchmod(handle, file.mode)
        os.fsync(handle)
    finally:
        os.close(handle)


def _bring(handle: int, file: ConfigFile, blobs: str) -> None:
    """From the folder that has it under its sum."""
    try:
        with Folder.open(blobs) as folder:
            reader = folder.read(file.sum)
    except OSError as error:
        where = "%s/%s: %s" % (blobs or "nowhere", file.sum, error.strerror)
        raise Trouble(SETUP, "%s: its content was not brought: %s" % (file.path, where)) from None
    try:
        pour(reader, handle, os.fstat(reader))
        found = sha256_of(reader)
    finally:
        os.close(reader)
    if found != file.sum:
        told = "%s: wanted content of sha256 %s, found %s" % (file.path, file.sum, found)
        raise Trouble(SETUP, told)
