"""A machine under each init boots, answers over ssh and comes back after a reboot."""

from collections.abc import Iterator

import pytest

from tests.support import booted, inits
from tests.support.booted import BootedNode
from tests.support.inits import Init
from tests.support.netlab import NetLab

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
