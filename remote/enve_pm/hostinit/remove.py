"""`enve-deploy --remove` on the node: pm and its services end, and nothing of enve is left."""

from __future__ import annotations

import os
import shutil

from enve_pm.hostinit import accounts, files, kept, layout, life, order, owed, register
from enve_pm.hostinit.problem import Problem
from enve_pm.shell.process import mountinfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

RUN_FILES = ("default.pipe", layout.LOCK, "march")
RUN_FOLDERS = ("lease", "inbox")


def main(header: dict[str, Any], stream: BinaryIO, program: bytes) -> int:
    """Carry out the order and print the answer, one line."""
    did: list[str] = []
    problem = None
    try:
        remove(header["home"], header["pipe"], header["install"] == "system", did)
    except Problem as found:
        problem = found
    except OSError as error:
        problem = Problem("%s: %s" % (error.filename or "the node", error.strerror or error))
    print(order.answer(did, [], problem))
    return 3 if problem else 0


def remove(home: str, pipe: str, system: bool, did: list[str]) -> None:
    """Stop pm, forget the registration, remove the files; `did` says what was there."""
    if not _is_ours(home):
        raise Problem("%s is no home of pm" % home, "look what it is; remove it by hand")
    for keeper in register.there(kept.of(home), system):
        if keeper.remove():
            did.append("registration with " + keeper.kind)
    if life.stop(home):
        did.append("pm stopped")
    ended = end_survivors(home)
    if ended:
        did.append("%d processes ended that pm had left" % ended)
    undone = owed.undo(home)
    if undone:
        did.append("left by a pm that died: " + " ".join(undone))
    run = os.path.dirname(pipe)
    if _remove_run(run, pipe):
        did.append(run)
    if os.path.isdir(home):
        _nothing_mounted(home)
        shutil.rmtree(home)
        did.append(home)
    if system and not register.others():
        did += accounts.remove()


def end_survivors(home: str) -> int:
    """End what a pm left that died together with its watchdog: HOME alone knows its jobs. How many
    processes that were. Raises Problem for those that stay."""
    if not os.path.isdir(home + "/jobs"):
        return 0
    from enve_pm.shell.events.system import System
    from enve_pm.shell.guard.survivor import kill_survivors
    from enve_pm.shell.process.job import Jobs
    from enve_pm.shell.state.pending import Pending

    system = System()
    jobs = Jobs(home + "/jobs", system, Pending(system))
    killed, left = kill_survivors(system, jobs.earlier())
    if left:
        told = "processes of its services do not end: %s" % " ".join(map(str, left[:10]))
        raise Problem(told, "look at them on the node, and remove again")
    return killed


def _nothing_mounted(home: str) -> None:
    """What is mounted in there lies elsewhere, and would be removed there."""
    found = mountinfo.below(os.path.realpath(home), mountinfo.read())
    if found:
        at = found[0].at
        raise Problem("%s is mounted in %s" % (at, home), "umount %s, and remove again" % at)


def _is_ours(home: str) -> bool:
    """Nothing there is as good."""
    if not os.path.isdir(home) or not os.listdir(home):
        return True
    return os.path.isdir(home + "/lib") or os.path.isdir(home + "/trust")


def _remove_run(run: str, pipe: str) -> bool:
    """Only what is ours; other files in the folder stay, and so does the folder then."""
    if not os.path.isdir(run):
        return False
    for name in (os.path.basename(pipe), *RUN_FILES):
        files.discard("%s/%s" % (run, name))
    for name in RUN_FOLDERS:
        shutil.rmtree("%s/%s" % (run, name), ignore_errors=True)
    try:
        os.rmdir(run)
    except OSError:
        return False
    return True
