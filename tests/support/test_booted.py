"""The systemd machine boots, answers over ssh and comes back after a reboot."""

import subprocess

import pytest

from tests.support import booted
from tests.support.booted import BootedNode
from tests.support.netlab import NetLab


@pytest.mark.host
def test_a_machine_under_systemd_reboots() -> None:
    if reason := booted.refusal():
        pytest.fail(reason)
    with NetLab(0) as made:
        node = BootedNode(made, 1)
        try:
            node.prepare()
            node.boot()
            known = made.folder / "known_hosts"
            known.write_text(node.known_hosts_line())
            process = made.popen(
                *("ssh", "-F", "none", "-i", str(made.key), "-o", f"UserKnownHostsFile={known}"),
                *("-o", "BatchMode=yes", f"root@{node.address}", "cat /proc/1/comm; reboot"),
                stdout=subprocess.PIPE,
            )
            out, _ = process.communicate(timeout=60)
            assert out == b"systemd\n"
            node.wait_for_reboot()
            assert node.boots == 2
        finally:
            node.close()
