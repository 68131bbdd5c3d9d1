"""A lab of real OpenSSH servers on loopback addresses, one per node, each with a home of its own.

Every node is an sshd of its own (own port, own host key, own HOME), so that wrong host keys, cuts
and restarts happen to one node alone. Root is not needed: sshd then serves the running user.
"""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

SSHD = (
    shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") or "/usr/sbin/sshd"
)


@dataclass
class SshNode:
    """One node: how to reach it, and its life. `state` is its XDG_STATE_HOME."""

    name: str
    address: str
    port: int
    home: Path
    folder: Path
    key: Path
    environment: dict[str, str] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()  # a command that sshd is run by, such as one that masks files
    process: subprocess.Popen[bytes] | None = None

    @property
    def user(self) -> str:
        return getpass.getuser()

    @property
    def state(self) -> Path:
        return self.home / ".local" / "state"

    @property
    def root(self) -> Path:
        """Where its file system is seen from here: sshd may have mounts of its own."""
        return Path(f"/proc/{self.process.pid}/root") if self.prefix and self.process else Path("/")

    @property
    def host_key(self) -> str:
        """The public host key: type and base64."""
        return " ".join((self.folder / "host_key.pub").read_text().split()[:2])

    @property
    def inventory(self) -> dict[str, Any]:
        """How an inventory says where this node is."""
        return {
            "host": self.address,
            "port": self.port,
            "user": self.user,
            "key": str(self.key),
            "pinned": self.host_key,
            "install": "user",
            "register": "none",
        }

    @property
    def known_hosts_line(self) -> str:
        return f"[{self.address}]:{self.port} {self.host_key}\n"

    def new_host_key(self) -> None:
        for file in self.folder.glob("host_key*"):
            file.unlink()
        make_key(self.folder / "host_key")

    def start(self) -> None:
        """Starts the server and waits until it listens."""
        (self.folder / "sshd_config").write_text(self._config())
        with (self.folder / "sshd.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, SSHD, "-D", "-e", "-f", str(self.folder / "sshd_config")],
                stdin=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        wait_until_listening(self.address, self.port, self.process)

    def _config(self) -> str:
        variables = {"HOME": str(self.home), "XDG_STATE_HOME": str(self.state), **self.environment}
        settings = " ".join(f'{name}="{value}"' for name, value in variables.items())
        return f"""\
ListenAddress {self.address}:{self.port}
HostKey {self.folder}/host_key
AuthorizedKeysFile {self.key}.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
MaxStartups 500
MaxSessions 50
UseDNS no
PrintMotd no
Subsystem sftp internal-sftp
SetEnv {settings}
"""

    def stop(self) -> None:
        """Ends the server and its open sessions: to the controller the node is cut off."""
        if self.process is None:
            return
        victims = [*descendants(self.process.pid), self.process.pid]
        for pid in victims:
            if pid == self.process.pid or is_sshd(pid):
                kill(pid)
        self.process.wait(10)
        self.process = None


class Lab:
    """`count` nodes, started when the `with` block is entered and gone at its end."""

    def __init__(self, count: int, *, prefix: str = "n") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="enve-lab-"))
        self.key = self.folder / "id"
        make_key(self.key)
        self.nodes = [self._node(f"{prefix}{i}", i) for i in range(1, count + 1)]

    def _node(self, name: str, number: int) -> SshNode:
        folder = self.folder / name
        home = folder / "home"
        home.mkdir(parents=True)
        make_key(folder / "host_key")
        address = f"127.0.{1 + number // 250}.{number % 250 + 1}"
        return SshNode(name, address, free_port(address), home, folder, self.key)

    @property
    def known_hosts(self) -> Path:
        file = self.folder / "known_hosts"
        file.write_text("".join(node.known_hosts_line for node in self.nodes))
        return file

    def __enter__(self) -> Lab:
        for node in self.nodes:
            node.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """Also of one of which only some nodes were started, or none."""
        for node in self.nodes:
            node.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def lab(count: int) -> Iterator[Lab]:
    with Lab(count) as made:
        yield made


def make_key(path: Path) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", str(path)],
        check=True,
    )


def free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def wait_until_listening(
    address: str, port: int, process: subprocess.Popen[bytes], deadline: float = 20
) -> None:
    end = time.monotonic() + deadline
    while True:
        try:
            socket.create_connection((address, port), 1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.01)


def _tasks(pid: int) -> list[Path]:
    """Of a process; none of one that has just ended."""
    try:
        return [*Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return []


def descendants(pid: int) -> list[int]:
    """Every process below `pid` right now, children first."""
    found: list[int] = []
    for task in _tasks(pid):
        try:
            children = [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [*descendants(child), child]
    return found


def is_sshd(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().startswith("sshd")
    except OSError:
        return False


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
