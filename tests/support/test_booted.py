"""A machine under each init boots, answers over ssh and comes back after a reboot; none is left."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import booted, inits
from tests.support.booted import BootedNode
from tests.support.inits import Init
from tests.support.lab import descendants
from tests.support.netlab import NetLab
from tests.support.wait import until

pytestmark = pytest.mark.host
NIGHTLY = [pytest.param(init, marks=pytest.mark.nightly) for init in inits.ALL[2:]]


@pytest.fixture
def node(init: Init) -> Iterator[BootedNode]:
    if reason := booted.refusal():
        pytest.fail(reason)
    with NetLab(0) as made:
        node = BootedNode(made, 1, init)
        try:
            node.prepare()
            node.boot()
            yield node
        finally:
            node.close()


@pytest.mark.parametrize("init", [*inits.ALL[:2], *NIGHTLY], ids=str)
def test_a_machine_reboots(node: BootedNode, init: Init) -> None:
    asked = "cat /proc/1/comm; cat /proc/sys/kernel/hostname; cut -d' ' -f22 /proc/1/stat"
    code, first = node.ssh(asked)
    assert (code, first.splitlines()[:2]) == (0, [init.comm, node.name])
    (node.root / "root" / "kept").write_text("on the disk")

    node.reboot()
    code, second = node.ssh(asked + "; cat /root/kept")
    assert (code, second.splitlines()[:2]) == (0, [init.comm, node.name])
    assert second.endswith("on the disk")
    assert second.splitlines()[2] != first.splitlines()[2], "it is another boot"

    assert node.process
    pids = [str(pid) for pid in descendants(node.process.pid)]
    node.power_off()
    until(lambda: not list(filter(alive, pids)), "nothing of it lives")


ROOT = Path(__file__).parents[2]
DYING = """
import time
from tests.support.booted import BootedNode
from tests.support.lab import descendants
from tests.support.netlab import NetLab
with NetLab(1) as made:
    node = BootedNode(made, 1)
    node.prepare()
    node.boot()
    pids = (made.nodes[0].process.pid, *descendants(node.process.pid))
    print(made.folder, made.tag, *pids, flush=True)
    time.sleep(600)
"""


def test_nothing_is_left_of_a_lab_whose_process_dies() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", DYING], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        folder, tag, *pids = process.stdout.readline().split()
        assert Path(folder, "n1", "root", "etc").is_dir()
        assert len(pids) > 3
        process.kill()
    until(lambda: not Path(folder).exists(), "its folder is gone")
    assert folder not in Path("/proc/self/mounts").read_text()
    until(lambda: not list(filter(alive, pids)), "its nodes are gone")
    assert not list(Path("/run/netns").glob(f"{tag}*"))


def alive(pid: str) -> bool:
    """A process that nobody has reaped yet is none."""
    try:
        return "\nState:\tZ" not in Path("/proc", pid, "status").read_text()
    except OSError:
        return False
