"""`enve-deploy` on the node: from an order to a running pm, in steps that can be repeated.

Each step leaves the old or the new; HOME/lib/deployed.json is written last, so an install that was
cut off is seen as such, and done again.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time

from enve_pm import compiled
from enve_pm.hostinit import (
    accounts,
    compiling,
    files,
    kept,
    layout,
    life,
    order,
    record,
    register,
    standing,
    trust,
    unpack,
    writer,
)
from enve_pm.hostinit.problem import Problem
from enve_pm.shell.events.system import System

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

    from enve_pm.hostinit.keeper import Keeper
    from enve_pm.hostinit.order import Order

LOCK_DEADLINE = 20.0  # seconds
NESTED_DEADLINE = 20.0  # for sub-pms to follow a change of program
FAILED, REFUSED, UNKNOWN_VERB = 3, 5, 64


def main(header: dict[str, Any], stream: BinaryIO, program: bytes) -> int:
    """Carry out the order and print the answer, one line."""
    os.umask(0o077)
    work = Install(order.read(header, stream), program)
    problem = None
    try:
        work.run()
    except Problem as found:
        problem = found
    except OSError as error:
        problem = Problem("%s: %s" % (error.filename or "the node", error.strerror or error))
    print(order.answer(work.did, work.warnings, problem))
    sys.stdout.flush()
    if problem is None:
        return 0
    return REFUSED if problem.refused else FAILED


class Install:
    """One deploy at work: what it did, and what it warns of."""

    def __init__(self, what: Order, program: bytes) -> None:
        self.order = what
        self.program = program
        self.home = what.home
        self.lib = what.home + "/lib"
        self.run_folder = os.path.dirname(what.pipe)
        self.system = System()
        self.did: list[str] = []
        self.warnings: list[str] = []
        self.sums: dict[str, str] = {}

    def run(self) -> None:
        gid = self._layout()
        lock = self._lock()
        try:
            self._spare()
            self.whole = bool(files.read(self.lib + "/deployed.json"))
            files.discard(self.lib + "/deployed.json")
            self._files(gid)
            self._free_pipes()
            keeper = self._register()
            if self.order.start:
                self._start(keeper)
            self._finish(keeper)
        finally:
            os.close(lock)

    def _layout(self) -> int:
        """Folders; the gid of pm-march, -1 in a user's install."""
        if not self.order.system:
            gid = -1
        elif os.geteuid() != 0:
            raise Problem("a system install needs root", "-b, or another login")
        else:
            gid, made = accounts.ensure()
            self.did += made
        if layout.make(self.home, self.run_folder, gid):
            self.did.append("folders")
        return gid

    def _lock(self) -> int:
        """One deploy at a time; the lock goes with the process."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(self.lib + "/deploy.lock", flags, 0o600)
        end = time.monotonic() + LOCK_DEADLINE
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > end:
                    os.close(handle)
                    raise Problem(
                        "somebody else deploys to this node", "wait, then again"
                    ) from None
                time.sleep(0.05)
            else:
                return handle

    def _spare(self) -> None:
        """A lower ceiling would end what runs above it: only with a word more."""
        if not self.order.drop:
            standing.spare(self.order)

    def _files(self, gid: int) -> None:
        place = self.lib + "/" + self.order.program
        if unpack.install(self.lib, self.order.program, self.program):
            self.did.append("program " + self.order.program)
        elif not compiled.there(place):  # it is for another Python
            compiling.compile_all(place)
        files.put(self.lib + "/python", record.python(), 0o600)
        layout.leases(self.run_folder, trust.lanes(self.order), gid)
        self.laid, sums = trust.lay(self.order)
        self.did += self.laid
        self.sums.update(sums)
        trust.clock(self.order)
        if trust.floors(self.order):
            self.did.append("floors")
        text = writer.text(self.home, self.order.pipe).encode()
        # sshd runs it for whoever is in the group pm-march
        self._put("writer", self.run_folder + "/march", text, 0o755 if gid >= 0 else 0o700)
        self._put(
            "launcher", self.home + "/pm", record.launcher(self.order), 0o755 if gid >= 0 else 0o700
        )

    def _free_pipes(self) -> None:
        for path in (self.order.pipe, self.home + "/input"):
            moved = files.aside(path)
            if moved:
                self.warnings.append("%s was no pipe; what it was is %s now" % (path, moved))

    def _put(self, what: str, path: str, data: bytes, mode: int) -> None:
        if files.put(path, data, mode):
            self.did.append(what)
        self.sums[path] = files.sha256(data)

    def _register(self) -> Keeper:
        ours = kept.of(self.home)
        keeper = register.choose(self.order.register, ours, self.order.system)
        if keeper.register():
            self.did.append("registered with " + keeper.kind)
        for other in register.besides(keeper, ours, self.order.system):
            self.warnings.append(
                "it is registered with %s still; `%s/pm host remove --kind %s` ends that, and pm"
                % (other.kind, self.home, other.kind.partition("-")[0])
            )
        if keeper.path:
            self.sums[keeper.path] = files.sha256(files.read(keeper.path))
        if keeper.kind == "none" and self.order.register == "auto":
            self.warnings.append(register.not_covered(self.home, self.order.system))
        return keeper

    def _start(self, keeper: Keeper) -> None:
        runs = life.program(self.home, self.system)
        wanted = self.order.program
        before = files.read(self.lib + "/current", 64).decode("ascii", "replace").strip()
        files.put(self.lib + "/current", wanted.encode() + b"\n", 0o600)
        if not runs:
            life.stop(self.home)  # what keeps starting a pm that does not live
            keeper.start()
            self._await("start")
            self.did.append("started")
            return
        other = life.interpreter(self.home, self.system) not in ("", record.python_file())
        if other or runs != wanted or life.behind(self.home, wanted):  # it hands the program down
            self._reexec(before)
        lost = not life.listens(self.order.pipe)
        if self.laid or not self.whole or lost:
            self._reload()
        if lost and life.listens(self.order.pipe):
            self.did.append("pipe")

    def _reexec(self, before: str) -> None:
        """The new program takes over; where it can't, the old one goes on and comes back."""
        code, said = life.order(self.home, "reexec")
        if code == 0:
            self._await("reexec")
            self._await_nested()
            self.did.append("reexec")
            return
        files.put(self.lib + "/current", before.encode() + b"\n", 0o600)
        raise Problem(
            "the new pm did not take over (%d): %s" % (code, said or "no reason given"),
            "the old one goes on, no service was touched",
        )

    def _await_nested(self) -> None:
        """Sub-pms follow by themselves. One that does not goes on as it is: the next deploy asks
        it again."""
        wanted = self.order.program
        if not life.wait(lambda: not life.behind(self.home, wanted), NESTED_DEADLINE):
            for name in life.behind(self.home, wanted)[:4]:
                self.warnings.append(
                    "the pm %s still runs the old program; deploy again to ask it again, or "
                    "restart it (pm restart %s), and its units with it" % (name, name)
                )

    def _reload(self) -> None:
        code, said = life.order(self.home, "load")
        if code == UNKNOWN_VERB:
            return  # such a pm reads trust/ for each stream anew, and nothing more is needed
        if code:
            raise Problem("pm did not take the blueprint (%d): %s" % (code, said))
        self.did.append("reloaded")

    def _await(self, what: str) -> None:
        if not life.await_program(self.home, self.order.program, self.system):
            raise Problem(
                "pm does not run %s %d s after %s"
                % (self.order.program, life.START_DEADLINE, what),
                "look into %s/log on the node" % self.home,
            )

    def _finish(self, keeper: Keeper) -> None:
        """Write down what is deployed: this is what makes the next deploy find nothing to do."""
        unpack.prune(self.lib, {self.order.program, *life.nested_programs(self.home)})
        files.put(self.lib + "/installed", record.installed(self.sums), 0o600)
        files.put(self.lib + "/deployed.json", record.deployed(self.order, keeper.kind), 0o600)
