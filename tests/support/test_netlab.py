"""The namespaces: nodes answer, can be cut off and mended, lose their power and keep their disk."""

import subprocess

import pytest

from tests.support.netlab import NetLab, NetNode


def ssh(made: NetLab, node: NetNode, command: str) -> tuple[int, bytes]:
    process = made.popen(
        *("ssh", "-F", "none", "-i", str(made.key), "-o", f"UserKnownHostsFile={made.known_hosts}"),
        *("-o", "BatchMode=yes", "-o", "ConnectTimeout=2", f"root@{node.address}", command),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    out, _ = process.communicate(timeout=60)
    return process.returncode, out


@pytest.mark.host
def test_a_node_can_be_cut_off_and_loses_its_processes_but_not_its_disk() -> None:
    with NetLab(2) as made:
        first, second = made.nodes
        assert ssh(made, first, "echo kept >/root/note; hostname") == (0, b"n1\n")
        first.cut()
        assert ssh(made, first, "true")[0] == 255
        assert ssh(made, second, "hostname") == (0, b"n2\n")
        first.mend()
        first.power_off()
        first.boot()
        assert ssh(made, first, "cat /root/note") == (0, b"kept\n")
