"""git, run so that nobody's configuration changes what it does: an own HOME with our settings, a
clean environment, no prompts, no hooks, and of transports only the one that the url names."""

from __future__ import annotations

import os
import shutil
import subprocess

from enve_fire.core.trouble import MISSING, Trouble
from enve_fire.fetch.git.running import GitFailed, Running
from enve_fire.fetch.web import proxy
from enve_fire.fetch.web.progress import Progress
from enve_fire.tree.written import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping, Sequence

    from enve_fire.fetch.how import How

ANSWER = 64 << 20  # bytes that are read of what it prints
_KEPT = ("PATH", "SSH_AUTH_SOCK", "TMPDIR", *proxy.NAMES)
_SSH = (
    " -oBatchMode=yes -oStrictHostKeyChecking=yes -oControlMaster=no"
    " -oConnectTimeout=30 -oServerAliveInterval=15"
)
_CONFIG = """\
[protocol]
\tallow = never
[protocol "%s"]
\tallow = always
[core]
\thooksPath = /dev/null
\tfsmonitor = false
[gc]
\tauto = 0
[maintenance]
\tauto = false
[fetch]
\tunpackLimit = 1
\trecurseSubmodules = false
\twriteCommitGraph = false
[tar]
\tumask = 0022
"""


class Git:
    """`home`: a folder for its settings, made where it is not there; other settings, another
    folder · `transport`: http, https, ssh or file · `safe`: other users' repositories that may be
    read · `netrc`: whether it may know the user's passwords for hosts."""

    def __init__(
        self, how: How, home: str, transport: str, safe: Sequence[str] = (), netrc: bool = False
    ) -> None:
        self.how = how
        self._program = shutil.which("git", path=how.environ.get("PATH") or os.defpath)
        if self._program is None:
            hint = "install git, take an archive of the same revision, or let a plan push it"
            raise Trouble(MISSING, "the program git is missing here", hint)
        os.makedirs(home, 0o700, exist_ok=True)
        _settings(home, transport, safe)
        _passwords(home, how.environ.get("HOME", "") if netrc else "")
        self._environ = environment(how.environ, home, how.patience)

    def run(self, *words: str, folder: str = "/", keep: int = -1) -> bytes:
        """What it prints. `keep`: a descriptor that stays open as long as it runs. Raises
        GitFailed."""
        with self.start(*words, folder=folder, keep=keep) as running:
            data = running.out.read(ANSWER)
            running.out.close()  # who prints more than that does not wait for a reader
            running.finish()
        return data

    def start(self, *words: str, folder: str = "/", keep: int = -1) -> Running:
        """One that runs: what it prints is read from it. `keep`: see `run`."""
        assert self._program is not None  # noqa: S101  (else there is no Git)
        child = subprocess.Popen(
            [self._program, *words],
            cwd=folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            pass_fds=(keep,) if keep >= 0 else (),
        )
        return Running(child, Progress(self.how.report, "git"), self.how.most)


def _settings(home: str, transport: str, safe: Sequence[str]) -> None:
    rows = ["\tdirectory = %s\n" % _quoted(path) for path in safe]
    text = _CONFIG % transport + "".join(["[safe]\n", *rows] if safe else [])
    replace(home + "/.gitconfig", text.encode("utf-8", "surrogateescape"))


def _passwords(home: str, user: str) -> None:
    """Of the user's HOME only .netrc is there: passwords that he keeps for hosts. `user`: "" has
    none."""
    if not user and os.path.lexists(home + "/.netrc"):
        os.unlink(home + "/.netrc")
    if user.startswith("/") and os.path.isfile(user + "/.netrc"):
        new = "%s/.netrc.%s" % (home, os.urandom(4).hex())  # others may be about to do the same
        os.symlink(user + "/.netrc", new)
        os.replace(new, home + "/.netrc")


def environment(environ: Mapping[str, str], home: str, patience: float) -> dict[str, str]:
    """What git sees."""
    kept = {name: environ[name] for name in _KEPT if environ.get(name)}
    own = {"GIT_SSL_CAINFO": environ["SSL_CERT_FILE"]} if environ.get("SSL_CERT_FILE") else {}
    return {
        "PATH": os.defpath,
        **kept,
        **own,
        "HOME": home,
        "GIT_HTTP_LOW_SPEED_LIMIT": "1000",
        "GIT_HTTP_LOW_SPEED_TIME": "%d" % max(patience, 1),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "SSH_ASKPASS_REQUIRE": "never",
        "GIT_SSH_COMMAND": (environ.get("GIT_SSH_COMMAND") or "ssh") + _SSH,
        "GIT_SSH_VARIANT": "ssh",
        "GIT_PROTOCOL_FROM_USER": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
    }


def _quoted(path: str) -> str:
    return '"%s"' % path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


__all__ = ["Git", "GitFailed", "Running"]
