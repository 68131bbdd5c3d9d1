"""Who says that a unit is ready, or alive, and is not the one to say so; or says too much."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import Box, line
from tests.support.interpreter import python_for
from tests.support.rooms import OWN
from tests.support.wait import until

from enve_pm.shell.events.loop import Loop
from enve_pm.shell.events.system import System
from enve_pm.shell.process import notify
from enve_pm.shell.process.notify import Notice, Notify

pytestmark = pytest.mark.real


@pytest.fixture
def box() -> Iterator[Box]:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        rooms: dict[str, Any] = {"around": OWN, "python": python_for("daemon")} if ROOT else {}
        with Box(place, "--no-cgroup", **rooms) as box:
            for folder in (box.home, box.home / "spots"):
                folder.chmod(0o711)
            yield box


ROOT = os.getuid() == 0
SAY = """
import os, socket, sys
some = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
some.sendto(sys.argv[2].encode(), "\\0" + sys.argv[1][1:])
"""


def unheard(box: Box, *commands: list[str]) -> None:
    """These have ended before pm hears of what they said."""
    pm = box.pids()[1]
    os.kill(pm, signal.SIGSTOP)
    try:
        for command in commands:
            subprocess.run(command, check=True)
    finally:
        os.kill(pm, signal.SIGCONT)


if ROOT:

    def test_a_program_of_roots_that_is_gone_speaks_for_no_unit(box: Box) -> None:
        """Anybody starts such programs, and has them complain, of what he likes, where he likes."""
        slow = line("web", user="daemon", ready={"how": "notify"}, command=["sleep", "1000"])
        load = threading.Thread(target=lambda: box.load(slow))
        load.start()
        web = until(lambda: box.unit("web").get("pid"), "its process")
        env = Path(f"/proc/{web}/environ").read_bytes().split(b"\0")
        address = next(row for row in env if row.startswith(b"NOTIFY_SOCKET=")).decode()[14:]
        say = [box.python, "-c", SAY, address]
        user = ["setpriv", "--reuid", "daemon", "--regid", "daemon", "--clear-groups", *say]
        unheard(box, [*say, "READY=1"], [*user, "STATUS=seen"])
        until(lambda: box.unit("web")["detail"] == "seen", "what its own user says")
        assert box.unit("web")["state"] == "STARTING"
        unheard(box, [*user, "READY=1"])
        box.wait("web", "RUNNING")
        load.join()

    def test_a_folder_in_the_place_of_its_socket_is_no_obstacle(box: Box) -> None:
        swap = "rm .notify; mkdir -p .notify/x; exec sleep 1000"
        say = f"import os; {SAY}\nos.execvp('sh', ['sh', '-c', {swap!r}])"
        say = say.replace('"\\0" + sys.argv[1][1:]', "os.environ['NOTIFY_SOCKET']")
        say = say.replace("sys.argv[2].encode()", "b'READY=1'")
        evil = line(
            "evil",
            user="daemon",
            net="none",
            ready={"how": "notify"},
            command=[box.python, "-c", say],
        )
        box.load(evil)
        until((box.home / "spots/evil/.notify/x").is_dir, "the folder")
        box.order("stop", "evil")
        assert box.unit("evil")["state"] == "STOPPED"


def test_a_line_that_never_ends_is_not_waited_for(box: Box) -> None:
    flood = "head -c 1000000 /dev/zero >&4; echo $? >said; exec sleep 1000"
    keys = {"ready": {"how": "fd", "fd": 4}, "start_timeout": 1000, "restart": "never"}
    box.load(line("evil", command=["sh", "-c", flood], **keys), status=3)
    said = box.home / "spots/evil/said"
    assert said.read_text().strip() not in ("", "0")
    assert box.unit("evil")["result"] == "timeout"


@pytest.mark.parametrize("cost", [0, 0.004])
def test_a_flood_of_notices_is_read_in_portions(cost: float) -> None:
    """Also where each takes time."""
    loop = Loop(System())
    heard = []

    def hear(notice: Notice) -> None:
        heard.append(notice)
        time.sleep(cost)

    ours = Notify(loop, hear)
    over = threading.Event()

    def flood() -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as some:
            some.connect("\0" + ours.address[1:])
            while not over.is_set():
                some.send(b"READY=1")

    source = threading.Thread(target=flood)
    source.start()
    begin = loop.system.now()
    end = begin + 6 * notify.SPAN
    while loop.system.now() < end:
        loop.turn(end)
    spans = (loop.system.now() - begin) // notify.SPAN + 2
    count = len(heard)
    over.set()
    while source.is_alive():
        loop.turn(loop.system.now() + 1)
    ours.close()
    most = notify.SHARE / cost / 1000 + 2 if cost else notify.MOST
    assert 0 < count <= spans * most
