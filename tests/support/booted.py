"""A node whose process 1 is systemd: a Debian made once by mmdebstrap, booted by systemd-nspawn.

The base system is cached under XDG_CACHE_HOME/enve-tests (about 45 s to make); every node is an
overlay over it in a network namespace of a `NetLab`. Root only.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from functools import cache
from pathlib import Path

from tests.support import netlab
from tests.support.netlab import NetLab, ip

PACKAGES = "openssh-server,python3,gpgv,systemd-sysv,dbus,iproute2,libpam-systemd"
WITHOUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*")
NSPAWN = ("-q", "-b", "--register=no", "--keep-unit", "--console=pipe", "--kill-signal=SIGRTMIN+4")
REBOOT_ASKED = 133  # systemd-nspawn's exit status


@cache
def refusal() -> str:
    """Why no such node can be booted here; "" when it can."""
    if reason := netlab.refusal():
        return reason
    for program in ("mmdebstrap", "systemd-nspawn"):
        if not shutil.which(program):
            return f"no {program}"
    return ""


def mirror() -> str:
    """The Debian mirror that this machine itself uses."""
    targets = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    found = subprocess.run(targets, capture_output=True, check=True).stdout.decode().split()
    return next(uri for uri in sorted(set(found)) if uri.endswith("/debian/"))


def base() -> Path:
    """The cached base system, made when it is not there."""
    cache_home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    content = hashlib.sha256(repr((PACKAGES, WITHOUT)).encode()).hexdigest()[:12]
    root = Path(cache_home) / "enve-tests" / f"bookworm-{content}"
    if root.exists():
        return root
    root.parent.mkdir(parents=True, exist_ok=True)
    fresh = root.with_suffix(f".{os.getpid()}")
    exclude = [f"--dpkgopt=path-exclude={path}" for path in WITHOUT]
    include = f"--include={PACKAGES}"
    made = subprocess.run(
        ["mmdebstrap", "--variant=minbase", include, *exclude, "bookworm", str(fresh), mirror()],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        raise AssertionError(made.stderr.decode())
    fresh.rename(root)
    return root


class BootedNode:
    """One systemd machine on a lab's switch."""

    def __init__(self, made: NetLab, number: int) -> None:
        self.lab = made
        self.name = f"boot{number}"
        self.address = f"10.77.2.{number}"
        self.folder = made.folder / self.name
        self.boots = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def root(self) -> Path:
        return self.folder / "root"

    def prepare(self) -> None:
        for part in ("upper", "work", "root"):
            (self.folder / part).mkdir(parents=True)
        mount = f"lowerdir={base()},upperdir={self.folder}/upper,workdir={self.folder}/work"
        subprocess.run(["mount", "-t", "overlay", "enve", "-o", mount, self.root], check=True)
        (self.root / "etc" / "machine-id").write_text("")
        (self.root / "etc" / "hostname").write_text(self.name + "\n")
        ssh = self.root / "root" / ".ssh"
        ssh.mkdir(mode=0o700, exist_ok=True)
        shutil.copy(f"{self.lab.key}.pub", ssh / "authorized_keys")
        self.space = self.lab.space(self.name)
        self.lab.plug(self.space, f"pb{self.name[4:]}", self.address)

    def add_user(self, name: str) -> None:
        """Somebody who may log in with the lab's key."""
        for command in (
            f"useradd --create-home --shell /bin/bash {name}",
            f"cp -r /root/.ssh /home/{name}/ && chown -R {name}: /home/{name}/.ssh",
        ):
            subprocess.run(["chroot", self.root, "sh", "-c", command], check=True)

    def known_hosts_line(self) -> str:
        """Known after the first boot, when the machine has made its keys."""
        key = self.root / "etc" / "ssh" / "ssh_host_ed25519_key.pub"
        return f"{self.address} {key.read_text()}"

    def boot(self) -> None:
        """Starts the machine, or starts it again after it asked for a reboot; waits for ssh."""
        ip("-n", self.space, "link", "set", "lo", "up")
        network = f"--network-namespace-path=/run/netns/{self.space}"
        with (self.folder / "console").open("ab") as log:
            self.process = subprocess.Popen(
                ["systemd-nspawn", *NSPAWN, "-D", str(self.root), "-M", self.name, network],
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

    def wait_for_reboot(self) -> None:
        """After `reboot` was asked for on the machine: waits until it is up again."""
        assert self.process
        status = self.process.wait(120)
        assert status == REBOOT_ASKED, (status, (self.folder / "console").read_text())
        self.boot()

    def close(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(20)
        subprocess.run(["umount", "--lazy", self.root], capture_output=True, check=False)
        remove_leftover_cgroups()


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
