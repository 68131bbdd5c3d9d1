"""Nodes as namespaces: each has a network, a process tree and a file system of its own.

A switch namespace joins them to a controller namespace; nothing of it can be seen from the machine
itself. A node's disk is an overlay over the machine's own `/`, kept on a tmpfs until the lab ends,
so that a node can lose its power (every process gone, disk kept) and boot again. Root only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType

from tests.support.lab import SSHD, make_key
from tests.support.undo import DIE, Undo

NODE_INIT = """\
set -e
hostname "$1"; root=$2
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 dev "$root/dev"
for device in null zero full random urandom tty; do
	: >"$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir -p "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"; ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs run "$root/run"; mkdir -p "$root/run/sshd"
mount -t tmpfs tmp "$root/tmp"
exec chroot "$root" %s -D -e -f /etc/ssh/enve_lab_config
"""

ACCOUNTS = ("pm-march:", "pm-verify:")  # what deploy makes
SSHD_CONFIG = """\
HostKey /etc/ssh/enve_lab_key
AuthorizedKeysFile /etc/ssh/enve_lab_authorized
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
MaxStartups 500
UseDNS no
"""


def _keep_rows(file: Path, good: Callable[[str], bool]) -> None:
    if file.exists():
        file.write_text("".join(filter(good, file.read_text().splitlines(keepends=True))))


@cache
def refusal() -> str:
    """Why this host cannot make such nodes; "" when it can (tried for real, once)."""
    if os.geteuid() != 0:
        return "not root"
    if not shutil.which("ip") or not shutil.which("unshare"):
        return "no ip or unshare (packages iproute2, util-linux)"
    folder = tempfile.mkdtemp(prefix="enve-probe-")
    script = (
        f"mount -t tmpfs t {folder} && mkdir {folder}/u {folder}/w {folder}/m && "
        f"mount -t overlay o -o lowerdir=/,upperdir={folder}/u,workdir={folder}/w {folder}/m && "
        "ip link add enveprobe0 type veth peer name enveprobe1"
    )
    done = subprocess.run(
        ["unshare", "--mount", "--net", "--pid", "--fork", "--uts", "--ipc", "sh", "-c", script],
        capture_output=True,
        check=False,
    )
    Path(folder).rmdir()
    return done.stderr.decode().strip() if done.returncode else ""


def ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, check=False)
    if done.returncode:
        raise AssertionError(f"ip {' '.join(arguments)}: {done.stderr.decode()}")


@dataclass
class NetNode:
    """One node. `root` is its file system as the machine sees it while it runs."""

    name: str
    address: str
    space: str
    port: str
    switch: str
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def known_hosts_line(self) -> str:
        return f"{self.address} {(self.folder / 'host_key.pub').read_text()}"

    def boot(self) -> None:
        """Starts the node with its own sshd as process 1, and waits until that listens."""
        log = (self.folder / "console").open("ab")
        unshare = ("unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child")
        init = ("sh", "-c", NODE_INIT % SSHD, "node", self.name, str(self.root))
        self.process = subprocess.Popen(
            [*DIE, "ip", "netns", "exec", self.space, *unshare, "--propagation", "private", *init],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        log.close()
        self._wait_for_ssh()

    def _wait_for_ssh(self) -> None:
        probe = f"exec 3<>/dev/tcp/{self.address}/22"
        end = time.monotonic() + 30
        while self.run_inside("bash", "-c", probe).returncode:
            if time.monotonic() > end or (self.process and self.process.poll() is not None):
                raise AssertionError((self.folder / "console").read_text())
            time.sleep(0.02)

    def run_inside(self, *command: str) -> subprocess.CompletedProcess[bytes]:
        """Runs a command in the node's network (with the machine's own file system)."""
        return subprocess.run(
            ["ip", "netns", "exec", self.space, *command], capture_output=True, check=False
        )

    def power_off(self) -> None:
        """Every process of the node is gone at once; its disk stays."""
        if self.process:
            self.process.kill()
            self.process.wait(20)
            self.process = None

    def cut(self) -> None:
        """The cable is pulled: packets vanish in silence."""
        ip("-n", self.switch, "link", "set", self.port, "down")

    def mend(self) -> None:
        ip("-n", self.switch, "link", "set", self.port, "up")


class NetLab:
    """`count` nodes and a controller namespace on one switch; `run` starts commands there."""

    def __init__(self, count: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="enve-net-"))
        self.tag = f"ev{os.getpid() % 100000}"
        self.key = self.folder / "id"
        self.nodes: list[NetNode] = []
        self.count = count
        self._undo = Undo()

    def space(self, name: str) -> str:
        space = f"{self.tag}{name}"
        self._undo.later("ip", "netns", "del", space)
        ip("netns", "add", space)
        ip("-n", space, "link", "set", "lo", "up")
        return space

    def mount(self, kind: str, options: str, place: Path) -> None:
        """Until the lab ends."""
        self._undo.later("umount", "--lazy", str(place))
        subprocess.run(["mount", "-t", kind, "enve", "-o", options, place], check=True)

    def plug(self, space: str, port: str, address: str) -> None:
        ip("-n", space, "link", "add", "e0", "type", "veth", "peer", "name", port)
        ip("-n", space, "link", "set", port, "netns", self.switch)
        ip("-n", self.switch, "link", "set", port, "master", "br0", "up")
        ip("-n", space, "addr", "add", f"{address}/16", "dev", "e0")
        ip("-n", space, "link", "set", "e0", "up")

    def __enter__(self) -> NetLab:
        try:
            self._build()
        except BaseException:
            self.close()
            raise
        return self

    def _build(self) -> None:
        self._undo.later("rmdir", str(self.folder))
        self.mount("tmpfs", "size=2g", self.folder)
        make_key(self.key)
        self.switch = self.space("s")
        ip("-n", self.switch, "link", "add", "br0", "type", "bridge")
        ip("-n", self.switch, "link", "set", "br0", "up")
        self.controller = self.space("c")
        self.plug(self.controller, "pc", "10.77.0.1")
        for number in range(1, self.count + 1):
            self.nodes.append(self._node(number))

    def _node(self, number: int) -> NetNode:
        folder = self.folder / f"n{number}"
        for part in ("upper", "work", "root"):
            (folder / part).mkdir(parents=True)
        options = f"lowerdir=/,upperdir={folder}/upper,workdir={folder}/work"
        self.mount("overlay", options, folder / "root")
        self._forget_pm(folder / "root")
        self._configure(folder)
        address = f"10.77.1.{number}"
        space = self.space(f"n{number}")
        self.plug(space, f"p{number}", address)
        node = NetNode(f"n{number}", address, space, f"p{number}", self.switch, folder)
        node.boot()
        return node

    def _configure(self, folder: Path) -> None:
        make_key(folder / "host_key")
        ssh = folder / "root" / "etc" / "ssh"
        shutil.copy(folder / "host_key", ssh / "enve_lab_key")
        shutil.copy(f"{self.key}.pub", ssh / "enve_lab_authorized")
        (ssh / "enve_lab_config").write_text(SSHD_CONFIG)
        (folder / "root" / "root" / ".bashrc").write_text("")

    @staticmethod
    def _forget_pm(root: Path) -> None:
        """This machine may have a system install, or the accounts of one; a node begins without.
        (The files that change here are the node's own from now on, whatever happens to ours.)"""
        for place in ("var/opt/pm", "var/pm"):
            shutil.rmtree(root / place, ignore_errors=True)
        for name in ("passwd", "group", "shadow", "gshadow"):
            _keep_rows(root / "etc" / name, lambda row: not row.startswith(ACCOUNTS))
        crontab = root / "var/spool/cron/crontabs/root"
        _keep_rows(crontab, lambda row: "/var/opt/pm/" not in row)

    @property
    def known_hosts(self) -> Path:
        file = self.folder / "known_hosts"
        file.write_text("".join(node.known_hosts_line for node in self.nodes))
        return file

    def popen(self, *command: str, **options: object) -> subprocess.Popen[bytes]:
        """Starts a command on the controller."""
        return subprocess.Popen(
            ["ip", "netns", "exec", self.controller, *command],
            stdin=subprocess.DEVNULL,
            **options,  # type: ignore[call-overload]
        )

    def close(self) -> None:
        for node in self.nodes:
            node.power_off()
        self._undo.now()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
