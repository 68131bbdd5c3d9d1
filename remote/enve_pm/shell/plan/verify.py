"""gpgv as a limited child: it judges the mathematics of one signature, and can do nothing else.

In a system install it runs as `pm-verify`, a user that nothing else uses: a process of the same
user could write into the status pipe. Ring, signature and data lie in a folder of the run's own
that this user can read (a ring that it can't reach would read as an unknown key); its home is an
empty folder. pm never waits for it: the end of the child, or the deadline, calls back.
"""

from __future__ import annotations

import os

from enve_pm.core.refusal import LACKS, SIGNATURE, STORAGE, Refused
from enve_pm.shell.events.light import signal
from enve_pm.shell.process.spawn import PATH, SpawnError, find, helper
from enve_pm.shell.state.handle import write_all
from enve_pm.wire import gpgv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.events.timer import Timer

    Done = Callable[["Refused | None"], None]

USER = "pm-verify"
DEADLINE = 20_000  # ms; a check takes 5
NOT_RUN = (126, 127)  # exit statuses of a shell that could not execute it
STATUS = 3  # gpgv's file descriptor for the status

# CPU seconds, KiB of memory, 512-byte blocks written, core, open files; processes where the shell
# has a letter for them. Hard limits, put on before the command takes the shell's place; one that
# cannot be put on is lower already.
_LIMITS = (
    "l() { ulimit $1 $2 2>/dev/null; }; l -t 5; l -v 524288; l -f 8; l -c 0; l -n 32;"
    ' l -u 8 || l -p 8; exec "$@"'
)


class Verifier:
    """Runs gpgv in folders below `folder`; as `user` in a system install, else ("") as we are."""

    def __init__(self, loop: Loop, folder: str, user: str) -> None:
        self.loop = loop
        self.folder = folder
        self.user = user
        self._count = 0

    def start(self, ring: bytes, sig: bytes, data: bytes, fingerprint: str, done: Done) -> None:
        """Check `sig` over `data` by the one key in `ring`; `done(None)` when it is good, else
        `done(Refused)`. It is called from the loop, once; also when nothing could be started."""
        self._count += 1
        run = _Run(self, "%s/%d" % (self.folder, self._count), fingerprint, done)
        try:
            run.start(ring, sig, data)
        except OSError as error:
            run.fail(Refused(STORAGE, "the check could not be set up: %s" % error.strerror))
        except SpawnError as error:
            run.fail(Refused(LACKS, "no signature can be checked here: %s" % error.reason))

    def argv(self, folder: str) -> list[str]:
        """The command line for a run in `folder`. Raises SpawnError when a tool is missing."""
        command = [
            *("--ignore-time-conflict", "--homedir", folder + "/empty"),
            *("--status-fd", str(STATUS), "--weak-digest", "SHA1", "--weak-digest", "RIPEMD160"),
            *("--keyring", folder + "/ring", "--", folder + "/sig", folder + "/data"),
        ]
        return ["/bin/sh", "-c", _LIMITS, "gpgv", *self._setpriv(), _tool("gpgv"), *command]

    def _setpriv(self) -> list[str]:
        try:
            setpriv = _tool("setpriv")
        except SpawnError:
            if self.user:
                raise
            return []
        if not self.user:
            return [setpriv, "--no-new-privs", "--"]
        uid, gid = _ids(self.user)
        who = ["--reuid", str(uid), "--regid", str(gid), "--clear-groups"]
        return [setpriv, *who, "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--"]


class _Run:
    """One run of gpgv."""

    def __init__(self, verifier: Verifier, folder: str, fingerprint: str, done: Done) -> None:
        self.verifier = verifier
        self.folder = folder
        self.fingerprint = fingerprint
        self.done = done
        self.status = -1
        self.pid = 0
        self.timer: Timer | None = None

    def start(self, ring: bytes, sig: bytes, data: bytes) -> None:
        self._lay_out({"ring": ring, "sig": sig, "data": data})
        loop = self.verifier.loop
        self.status, write = os.pipe()
        try:
            os.set_blocking(self.status, False)
            argv = self.verifier.argv(self.folder)
            self.pid = helper(loop, argv, {STATUS: write}, self._ended)
        finally:
            os.close(write)
        self.timer = loop.at(loop.system.now() + DEADLINE, self._late)

    def _lay_out(self, files: dict[str, bytes]) -> None:
        group = _ids(self.verifier.user)[1] if self.verifier.user else -1
        clear(self.folder)
        for folder in (self.folder, self.folder + "/empty"):
            os.mkdir(folder, 0o700)
            os.chown(folder, -1, group)
            os.chmod(folder, 0o700 if group < 0 else 0o750)
        for name, data in files.items():
            _write(self.folder + "/" + name, data, group)

    def fail(self, why: Refused) -> None:
        """Nothing runs: say so in the next turn, as a check that ran would."""
        loop = self.verifier.loop
        loop.at(loop.system.now(), lambda: self._finish(why))

    def _late(self) -> None:
        """The end of the killed child calls back."""
        self.timer = None
        self.verifier.loop.system.kill_group(self.pid, signal.SIGKILL)

    def _ended(self, code: int) -> None:
        late = self.timer is None
        if self.timer is not None:
            self.verifier.loop.cancel(self.timer)
        if late:
            self._finish(Refused(SIGNATURE, "gpgv took longer than %d s" % (DEADLINE // 1000)))
            return
        self._finish(self._verdict(code))

    def _verdict(self, code: int) -> Refused | None:
        """Why the signature is not to be trusted. Whatever goes wrong is an answer: a check without
        one would keep all later streams waiting."""
        try:
            said = self._said()
            if code in NOT_RUN and not said:
                return Refused(LACKS, "gpgv cannot be run here (%d)" % code)
            gpgv.check(code, said, self.fingerprint)
        except Refused as refused:
            return refused
        except OSError as error:
            return Refused(LACKS, "gpgv cannot be heard here: %s" % error.strerror)
        return None

    def _said(self) -> bytes:
        """What stands in the pipe; the child is gone, so nothing more will come."""
        said = b""
        while len(said) < gpgv.SIZE:
            try:
                piece = os.read(self.status, gpgv.SIZE)
            except BlockingIOError:
                break
            if not piece:
                break
            said += piece
        return said

    def _finish(self, why: Refused | None) -> None:
        if self.status >= 0:
            os.close(self.status)
            self.status = -1
        clear(self.folder)
        self.done(why)


def _tool(name: str) -> str:
    try:
        return find(name, PATH, "/")
    except SpawnError as error:
        raise SpawnError("%s: %s" % (name, error.reason)) from None


def _ids(user: str) -> tuple[int, int]:
    import pwd

    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise SpawnError("user:%s does not exist; deploy makes it" % user) from None
    return entry.pw_uid, entry.pw_gid


def _write(path: str, data: bytes, group: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.fchown(handle, -1, group)
        os.fchmod(handle, 0o600 if group < 0 else 0o640)
        write_all(handle, data)
    finally:
        os.close(handle)


def clear(folder: str) -> None:
    """Remove a run's folder; what cannot be removed is tried again at the next start."""
    for name in ("ring", "sig", "data"):
        try:
            os.unlink(folder + "/" + name)
        except OSError:
            continue
    for path in (folder + "/empty", folder):
        try:
            os.rmdir(path)
        except OSError:
            continue


def make_folder(folder: str) -> None:
    """The folder for runs, emptied of what a crash left. Others may pass it, not list it."""
    os.makedirs(folder, 0o711, exist_ok=True)
    os.chmod(folder, 0o711)  # noqa: S103
    for name in os.listdir(folder):
        clear(folder + "/" + name)
