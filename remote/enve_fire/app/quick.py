"""What was run before and has not changed is run again, and nothing else is done.

Its rc file is found by the words of the command line; it names all that it relies on. Nothing is
written (but, once an hour, that entries of the store are of use), no network is asked, and of our
own only `core.rcfile` and `app.relied` are imported.
"""

from __future__ import annotations

import os

from enve_fire.app import relied
from enve_fire.core import rcfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from enve_fire.core.rcfile import Rc

END = "--"
RUN, EXECUTE, SHELL, MODULE = "run", "execute", "shell", "module"
CACHE = "enve"
NOWHERE = "/dev/null"  # has nothing in it
# what else of the environment says which rc is meant
_SETTINGS = ("ENVE_STORE", "ENVE_JOBS", "HOME", "XDG_DATA_HOME")


def quick(words: Sequence[str], environ: Mapping[str, str]) -> str:
    """Executes, if there is a valid rc file for these words; else returns why not, in a word."""
    words, more = split(words)
    key = key_of(words, environ)
    path = path_of(key, environ)
    rc = read(path)
    if rc is None or rc.key != key:
        return "new"
    why = next(relied.changed(rc, lambda folder: stat_cache(folder, environ)), "")
    if why:
        return why
    relied.use(rc)
    return go(rc, path, more, environ)


def split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Before and behind the first `--`."""
    words = list(words)
    at = words.index(END) if END in words else len(words)
    return words[:at], words[at + 1 :]


def key_of(words: Sequence[str], environ: Mapping[str, str]) -> str:
    """All that says which rc file is meant, but for what stands in files."""
    settings = [environ.get(name, "") for name in _SETTINGS]
    try:
        here = os.getcwd()
    except OSError:
        here = ""  # it was removed
    who = [here, str(os.geteuid()), os.uname().machine]
    return "\n".join([*who, *settings, *words])


def cache(environ: Mapping[str, str]) -> str:
    """The folder that is ours alone; without a home one that nobody can make."""
    base, home = environ.get("XDG_CACHE_HOME", ""), environ.get("HOME", "")
    if not base.startswith("/"):
        base = (home if home.startswith("/") else NOWHERE) + "/.cache"
    return "%s/%s" % (base, CACHE)


def path_of(key: str, environ: Mapping[str, str]) -> str:
    return "%s/rc/%s" % (cache(environ), rcfile.checksum(key))


def stat_cache(folder: str, environ: Mapping[str, str]) -> str:
    """The file that makes the next hash of a folder quick."""
    return "%s/stat/%s" % (cache(environ), rcfile.checksum(folder))


def read(path: str) -> Rc | None:
    """None where there is none, or it is somebody else's."""
    try:
        handle = os.open(path, relied.READ)
    except OSError:
        return None
    try:
        state = os.fstat(handle)
        if not is_ours(state) or state.st_size > rcfile.LONGEST:
            return None
        data = os.read(handle, rcfile.LONGEST)
    except OSError:
        return None
    finally:
        os.close(handle)
    return rcfile.parse(data.decode("utf-8", "surrogateescape"))


def is_ours(state: os.stat_result) -> bool:
    """Ours alone, not even root's. As `tree.trusted` asks, which would be one import more."""
    return state.st_uid == os.geteuid() and not state.st_mode & 0o022


def go(rc: Rc, path: str, more: Sequence[str], environ: Mapping[str, str]) -> str:
    """Does what the target is. Returns only where it cannot be done like this."""
    env = rcfile.over(rc.env, environ)
    if rc.target == MODULE and not more:
        return _print(path)
    if rc.target == SHELL:
        shell = "/bin/sh" if rc.room else environ.get("SHELL") or "/bin/sh"
        return _execute(rc, more or [shell], env)
    if rc.cmd and (rc.target == RUN or (rc.target == EXECUTE and not more)):
        return _execute(rc, [*rc.cmd, *more], env)
    return "words"


def _print(path: str) -> str:
    try:
        os.write(1, os.fsencode(path) + b"\n")
    except OSError as error:
        return "standard output: %s" % error.strerror
    os._exit(0)


def _execute(rc: Rc, argv: Sequence[str], env: Mapping[str, str]) -> str:
    if rc.room:
        return _enter(rc, argv, env)
    try:
        os.execvpe(argv[0], list(argv), dict(env))
    except OSError as error:
        return "%s: %s" % (argv[0], error.strerror)


def _enter(rc: Rc, argv: Sequence[str], env: Mapping[str, str]) -> str:
    """Into its root, which nobody takes away meanwhile."""
    from enve_fire.stage.entering import enter
    from enve_fire.stage.settle.lock import RootLock

    room = {key: value for value, key in rc.room}
    try:
        RootLock(room.pop("home"), alone=False).take()
    except FileNotFoundError:
        return "mark"
    return enter(room, argv, env) if relied.marked(rc) else "mark"
