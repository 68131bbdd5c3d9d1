"""A node whose process 1 is an init (`inits`): a Debian (`rootfs`) booted by systemd-nspawn.

Every node is an overlay in a network namespace of a `NetLab`. Root only, and one at a time on this
machine: systemd-nspawn calls the cgroup that it makes the same every time.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

from tests.support import inits, netlab, rootfs
from tests.support.inits import Init
from tests.support.lab import make_key
from tests.support.netlab import NetLab, ip
from tests.support.undo import DIE

# A pid namespace around it: nspawn's own death would leave the machine running.
ALONE = (*DIE, "unshare", "--mount", "--pid", "--mount-proc", "--fork", "--kill-child")
NSPAWN = ("--quiet", "--register=no", "--keep-unit", "--console=pipe")
REBOOT_ASKED = 133  # systemd-nspawn's exit status
TURN = Path(tempfile.gettempdir()) / "enve-booted.lock"


@cache
def refusal() -> str:
    """Why no such node can be booted here; "" when it can."""
    if reason := netlab.refusal():
        return reason
    for program in ("mmdebstrap", "systemd-nspawn"):
        if not shutil.which(program):
            return f"no {program}"
    return ""


class BootedNode:
    """One machine on a lab's switch."""

    def __init__(self, made: NetLab, number: int, init: Init = inits.SYSTEMD) -> None:
        self.lab = made
        self.init = init
        self.name = f"boot{number}"
        self.address = f"10.77.2.{number}"
        self.folder = made.folder / self.name
        self.boots = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._turn = TURN.open("w")

    @property
    def root(self) -> Path:
        return self.folder / "root"

    def prepare(self) -> None:
        fcntl.flock(self._turn, fcntl.LOCK_EX)
        for part in ("upper", "work", "root"):
            (self.folder / part).mkdir(parents=True)
        lower = rootfs.lower(self.init.packages)
        options = f"lowerdir={lower},upperdir={self.folder}/upper,workdir={self.folder}/work"
        self.lab.mount("overlay", options, self.root)
        self._configure()
        self.space = self.lab.space(self.name)
        self.lab.plug(self.space, f"pb{self.name[4:]}", self.address)

    def _configure(self) -> None:
        """Its identity, and what its init goes by."""
        texts = {"etc/machine-id": "", "etc/hostname": self.name + "\n", **self.init.files}
        for path, text in texts.items():
            (self.root / path).write_text(text)
        for path, target in self.init.links.items():
            (self.root / path).symlink_to(target)
        for key in (self.root / "etc" / "ssh").glob("ssh_host_*"):
            key.unlink()
        make_key(self.root / "etc" / "ssh" / "ssh_host_ed25519_key")
        ssh = self.root / "root" / ".ssh"
        ssh.mkdir(mode=0o700, exist_ok=True)
        shutil.copy(f"{self.lab.key}.pub", ssh / "authorized_keys")

    def add_user(self, name: str) -> None:
        """Somebody who may log in with the lab's key."""
        for command in (
            f"useradd --create-home --shell /bin/bash {name}",
            f"cp -r /root/.ssh /home/{name}/ && chown -R {name}: /home/{name}/.ssh",
        ):
            subprocess.run(["chroot", self.root, "sh", "-c", command], check=True)

    @property
    def inventory(self) -> dict[str, Any]:
        """How an inventory says where this node is."""
        pinned = {"host_key": "pinned", "pinned": self._host_key()}
        return {"host": self.address, "user": "root", "key": str(self.lab.key), **pinned}

    def known_hosts_line(self) -> str:
        return f"{self.address} {self._host_key()}\n"

    def _host_key(self) -> str:
        """The public one: type and base64."""
        file = self.root / "etc" / "ssh" / "ssh_host_ed25519_key.pub"
        return " ".join(file.read_text().split()[:2])

    def known_hosts(self) -> Path:
        file = self.folder / "known_hosts"
        file.write_text(self.known_hosts_line())
        return file

    def ssh(self, command: str, deadline: float = 60) -> tuple[int, str]:
        """Runs it on the node as root: its exit status and all that it said."""
        process = self.lab.popen(
            *("ssh", "-F", "none", "-i", str(self.lab.key), "-o", "BatchMode=yes"),
            *("-o", f"UserKnownHostsFile={self.known_hosts()}", "-o", "StrictHostKeyChecking=yes"),
            *(f"root@{self.address}", command),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said, _ = process.communicate(timeout=deadline)
        return process.returncode, said.decode()

    def boot(self) -> None:
        """Starts the machine, or starts it again after it asked for a reboot; waits for ssh."""
        ip("-n", self.space, "link", "set", "lo", "up")
        # An init that unmounts at its end leaves its root read-only, the machine's view too.
        subprocess.run(["mount", "-o", "remount,rw", self.root], check=True)
        network = f"--network-namespace-path=/run/netns/{self.space}"
        machine = ("-D", str(self.root), "-M", self.name, network)
        with (self.folder / "console").open("ab") as log:
            self.process = subprocess.Popen(
                [*ALONE, "systemd-nspawn", *NSPAWN, *machine, *self.init.start],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.boots += 1
        self._wait_for_ssh()

    def _wait_for_ssh(self) -> None:
        probe = f"exec 3<>/dev/tcp/{self.address}/22"
        end = time.monotonic() + 120
        command = ["ip", "netns", "exec", self.space, "bash", "-c", probe]
        while subprocess.run(command, capture_output=True, check=False).returncode:
            if time.monotonic() > end or (self.process and self.process.poll() is not None):
                raise AssertionError((self.folder / "console").read_text())
            time.sleep(0.05)

    def reboot(self) -> None:
        """Asks for it over ssh, and waits until the machine is up again."""
        self.ssh(self.init.reboot)
        self.wait_for_reboot()

    def wait_for_reboot(self) -> None:
        """After a reboot was asked for on the machine: waits until it is up again."""
        assert self.process
        status = self.process.wait(120)
        assert status == REBOOT_ASKED, (status, (self.folder / "console").read_text())
        self.boot()

    def power_off(self) -> None:
        """Every process of the machine is gone at once; its disk stays."""
        if self.process:
            self.process.kill()
            self.process.wait(20)

    def close(self) -> None:
        self.power_off()
        remove_leftover_cgroups()
        self._turn.close()


def remove_leftover_cgroups() -> None:
    """nspawn leaves its `payload` and `supervisor` folders where it could not register itself."""
    own = Path("/proc/self/cgroup").read_text().splitlines()
    for line in own:
        _, controllers, path = line.split(":", 2)
        name = controllers.removeprefix("name=") or "unified"
        for leaf in ("payload", "supervisor"):
            for folder in sorted(Path(f"/sys/fs/cgroup/{name}{path}/{leaf}").glob("**/"))[::-1]:
                try:
                    folder.rmdir()
                except OSError:
                    break
