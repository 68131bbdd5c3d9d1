"""git, run so that nobody's configuration changes what it does: an own HOME with our settings, a
clean environment, no prompts, no hooks, and of transports only the one that the url names."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile

from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_fire.fetch import proxy
from enve_fire.fetch.progress import Progress
from enve_fire.fetch.running import GitFailed, Running

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
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
[protocol "%(transport)s"]
\tallow = always
[core]
\thooksPath = /dev/null
\tfsmonitor = false
\tbare = true
[gc]
\tauto = 0
[maintenance]
\tauto = false
[fetch]
\tunpackLimit = 1
\trecurseSubmodules = false
\twriteCommitGraph = false
[http]
\tlowSpeedLimit = 1000
\tlowSpeedTime = %(patience)d
[tar]
\tumask = 0022
"""


class Git:
    """A context manager. `transport`: http, https, ssh or file; `safe`: repositories of others that
    their user trusts."""

    def __init__(self, how: How, transport: str, safe: Sequence[str] = ()) -> None:
        self.how = how
        self._program = shutil.which("git", path=how.environ.get("PATH") or os.defpath)
        if self._program is None:
            hint = "install git, or take an archive of the same revision"
            raise Trouble(CHECKOUT, "the program git is missing here", hint)
        self._home = tempfile.mkdtemp(prefix="enve-git-", dir=how.environ.get("TMPDIR") or None)
        with open(self._home + "/.gitconfig", "w", encoding="utf-8") as file:
            file.write(_CONFIG % {"transport": transport, "patience": max(how.patience, 1)})
            if safe:
                file.write("[safe]\n")
            for path in safe:
                file.write("\tdirectory = %s\n" % _quoted(path))
        self._environ = environment(how.environ, self._home)

    def __enter__(self) -> Git:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self._home, ignore_errors=True)

    def run(self, *words: str, folder: str = "/", keep: int = -1) -> bytes:
        """What it prints. `keep`: a descriptor that stays open as long as it runs. Raises
        GitFailed."""
        with self.start(*words, folder=folder, keep=keep) as running:
            data = running.out.read(ANSWER)
            running.out.close()  # who prints more than that does not wait for a reader
            running.finish()
        return data

    def text(self, *words: str, folder: str = "/") -> str:
        """One line that it prints."""
        return self.run(*words, folder=folder).decode("utf-8", "replace").rstrip("\n")

    def start(self, *words: str, folder: str = "/", keep: int = -1) -> Running:
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
        return Running(child, Progress(self.how.report, "git"), self.how.limit)


def environment(environ: Mapping[str, str], home: str) -> dict[str, str]:
    """What git sees. Of HOME only .netrc is there: passwords that a user keeps for hosts."""
    netrc = environ.get("HOME", "") + "/.netrc"
    if os.path.isfile(netrc) and environ.get("HOME", "").startswith("/"):
        os.symlink(netrc, home + "/.netrc")
    kept = {name: environ[name] for name in _KEPT if environ.get(name)}
    own = {"GIT_SSL_CAINFO": environ["SSL_CERT_FILE"]} if environ.get("SSL_CERT_FILE") else {}
    return {
        "PATH": os.defpath,
        **kept,
        **own,
        "HOME": home,
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
        "GIT_DISCOVERY_ACROSS_FILESYSTEM": "1",
    }


def _quoted(path: str) -> str:
    return '"%s"' % path.replace("\\", "\\\\").replace('"', '\\"')


__all__ = ["Git", "GitFailed", "Running"]
