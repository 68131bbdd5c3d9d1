"""What of a folder that is worked in is not committed.

`git status` runs what the repository's configuration names, in more ways than one could turn off by
name: filters, fsmonitor, a fetch of objects that are missing. So it sees a repository of ours: an
empty one with the folder's index and objects, and of its configuration only how files are compared.
"""

from __future__ import annotations

import os
import shutil
import tempfile

from enve_fire.core.trouble import Trouble
from enve_fire.fetch.git.program import GitFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

    from enve_fire.fetch.git.program import Git

_FACTS = ("--show-object-format", "HEAD", "--git-path", "index", "--git-path", "objects")
_EXCLUDE = ("--git-path", "info/exclude")
_COMPARED = r"^core\.(autocrlf|eol|filemode|ignorecase|symlinks)$"
_STATUS = ("status", "--porcelain", "-z", "--ignore-submodules=all")


def uncommitted(git: Git, path: str) -> Sequence[str]:
    """Paths; none where git cannot tell. Raises nothing: it is only to warn."""
    try:
        with tempfile.TemporaryDirectory(prefix="enve-") as own:
            exclude = _furnish(git, path, own + "/git")
            words = [*_settings(git, path), "-c", "core.excludesFile=" + exclude]
            place = ("--git-dir=" + own + "/git", "--work-tree=" + path)
            found = git.run(*place, *words, *_STATUS, folder=path)
    except (GitFailed, Trouble, OSError, ValueError):
        return ()
    rows = found.decode("utf-8", "replace").split("\0")
    return [row[3:] for row in rows if row[2:3] == " "]


def _furnish(git: Git, path: str, own: str) -> str:
    """The repository of ours; the path of what the folder's own ignores. Raises GitFailed, OSError,
    ValueError."""
    said = os.fsdecode(git.run("rev-parse", *_FACTS, *_EXCLUDE, folder=path))
    form, head, *rest = said[:-1].split("\n")
    index, objects, exclude = (os.path.join(path, one) for one in rest)
    kind = [] if form == "sha1" else ["--object-format=" + form]
    git.run("init", "--quiet", "--bare", "--template=", *kind, own)
    shutil.copy2(index, own + "/index")  # with its time: files as young as it are looked into
    for name, text in (("HEAD", head), ("objects/info/alternates", objects)):
        with open(own + "/" + name, "wb") as file:
            file.write(os.fsencode(text + "\n"))
    return exclude


def _settings(git: Git, path: str) -> Sequence[str]:
    words = ["-c", "core.bare=false"]
    try:
        found = git.run("config", "-z", "--get-regexp", _COMPARED, folder=path)
    except GitFailed:
        return words  # it says nothing
    for row in os.fsdecode(found).split("\0")[:-1]:
        key, _, value = row.partition("\n")
        words += ["-c", "%s=%s" % (key, value)]
    return words
