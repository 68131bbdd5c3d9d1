"""System installs, by root: on nodes that lack things, through a power cut, and under systemd."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import booted
from tests.support.booted import BootedNode
from tests.support.netlab import NetLab
from tests.support.wait import until

pytestmark = pytest.mark.host
ENVE = [sys.executable, "-c", "from enve.cli.main import deploy; deploy()"]


class Site:
    """An inventory of a lab's nodes and the command that deploys to them."""

    def __init__(
        self,
        lab: NetLab,
        folder: Path,
        nodes: dict[str, str],
        known_hosts: Path,
        user: str = "daemon",
    ) -> None:
        self.lab = lab
        self.folder = folder
        self.known_hosts = known_hosts
        rows = [f"  {name}: {{{settings}}}" for name, settings in nodes.items()]
        text = ["domain: test", "blueprint: blueprint.yml", "nodes:", *rows, ""]
        (folder / "inventory.yml").write_text("\n".join(text))
        (folder / "blueprint.yml").write_text(
            f"nodes: {{'*': {{spots: {{web: {{user: {user}}}}}}}}}\n"
        )

    def deploy(self, *words: str) -> tuple[int, str]:
        environment = {
            **os.environ,
            "HOME": str(self.folder),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "ENVE_KNOWN_HOSTS": str(self.known_hosts),
            "ENVE_SSH_CONFIG": "none",
        }
        process = self.lab.popen(
            *ENVE,
            str(self.folder / "inventory.yml"),
            *words,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
        )
        said, _ = process.communicate(timeout=240)
        return process.returncode, said.decode()


def reach(lab: NetLab, address: str) -> str:
    return f"host: {address}, user: root, key: {lab.key}"


def test_a_system_install_from_nothing_to_nothing(tmp_path: Path) -> None:
    with NetLab(3) as lab:
        good, bare, minimal = lab.nodes
        for python in bare.root.glob("usr/*bin/python3*"):
            python.unlink()
        (minimal.root / "usr/bin/gpgv").unlink()
        for folder in minimal.root.glob("usr/lib/python3.*/json"):
            shutil.rmtree(folder)
        nodes = {node.name: reach(lab, node.address) for node in lab.nodes}
        site = Site(lab, tmp_path, nodes, lab.known_hosts)

        code, said = site.deploy()
        assert code == 3, said
        assert "1 deployed, 0 unchanged, 2 failed" in said
        assert "there is no Python" in said
        assert "apt-get install python3" in said
        assert "lacks json" in said
        assert "there is no gpgv (on the node: apt-get install gpgv)" in said
        assert not (bare.root / "var/opt/pm").exists()

        _has_the_modes_of_the_table(good.root)
        crontab = good.root / "var/spool/cron/crontabs/root"
        assert "@reboot /var/opt/pm/pm run --respawn --detach" in crontab.read_text()
        pid = _status(good.root)["pid"]
        code, said = site.deploy("-l", "n1")
        assert (code, "unchanged" in said) == (0, True), said
        assert _status(good.root)["pid"] == pid

        good.power_off()
        good.boot()
        code, said = site.deploy("-l", "n1")
        assert (code, "started" in said) == (0, True), said

        code, said = site.deploy("-l", "n1", "--remove", "-y")
        assert code == 0, said
        for place in ("var/opt/pm", "var/pm"):
            assert not (good.root / place).exists()
        assert "enve" not in (crontab.read_text() if crontab.exists() else "")
        assert "pm-march" not in (good.root / "etc/group").read_text()
        assert "pm-verify" not in (good.root / "etc/passwd").read_text()


@pytest.fixture
def node() -> Iterator[BootedNode]:
    """A machine that systemd runs, with a user `op`."""
    if reason := booted.refusal():
        pytest.fail(reason)
    with NetLab(0) as lab:
        made = BootedNode(lab, 1)
        try:
            made.prepare()
            made.add_user("op")
            made.boot()
            yield made
        finally:
            made.close()


@pytest.fixture
def known(tmp_path: Path, node: BootedNode) -> Path:
    file = tmp_path / "known_hosts"
    file.write_text(node.known_hosts_line())
    return file


def test_under_systemd_pm_comes_back_after_a_crash_and_a_reboot(
    tmp_path: Path, node: BootedNode, known: Path
) -> None:
    lab = node.lab
    own = f"{reach(lab, node.address)}, install: user, home: /root/own"
    site = Site(lab, tmp_path, {"sys": reach(lab, node.address), "own": own}, known)

    code, said = site.deploy("-l", "sys")
    assert (code, "registered with systemd" in said) == (0, True), said
    assert "not covered" not in said
    first = _status(node.root)
    code, said = site.deploy("-l", "own")
    assert (code, "registered with systemd-user" in said) == (0, True), said

    _ssh(lab, node, known, f"kill -9 {first['pid']}")
    until(lambda: _status(node.root)["pid"] != first["pid"], "pm is back", 60)
    code, said = site.deploy("-l", "sys")
    assert (code, "unchanged" in said) == (0, True), said

    boot = _status(node.root)["boot"]
    _ssh(lab, node, known, "reboot")
    node.wait_for_reboot()
    until(lambda: _status(node.root)["boot"] != boot, "pm is back after the boot", 60)
    code, said = site.deploy("-l", "sys")
    assert (code, "unchanged" in said) == (0, True), said

    code, said = site.deploy("--remove", "-y")
    assert code == 0, said
    assert not (node.root / "var/opt/pm").exists()
    assert not (node.root / "etc/systemd/system/enve-pm.service").exists()


def test_a_user_of_systemd_has_pm_after_a_crash_and_a_reboot_without_a_login(
    tmp_path: Path,
    node: BootedNode,
    known: Path,
) -> None:
    lab = node.lab
    login = f"host: {node.address}, user: op, key: {lab.key}"
    site = Site(lab, tmp_path, {"own": login}, known, user="op")

    code, said = site.deploy()  # no polkit: the login must not make itself linger
    assert (code, "have root run `loginctl enable-linger op`" in said) == (0, True), said
    _ssh(lab, node, known, "loginctl enable-linger op")
    site = Site(lab, tmp_path, {"own": f"{login}, register: systemd"}, known, user="op")
    code, said = site.deploy()
    assert (code, "registered with systemd-user" in said) == (0, True), said
    first = _status(node.root, OWN)
    _ssh(lab, node, known, f"kill -9 {first['pid']}")
    until(lambda: _status(node.root, OWN)["pid"] != first["pid"], "pm is back", 60)

    _ssh(lab, node, known, "reboot")
    node.wait_for_reboot()
    until(lambda: _status(node.root, OWN)["boot"] != first["boot"], "pm is back", 60)
    code, said = site.deploy()
    assert (code, "unchanged" in said) == (0, True), said

    code, said = site.deploy("--remove", "-y")
    assert code == 0, said
    assert not (node.root / OWN).exists()
    assert not list((node.root / "home/op/.config/systemd").rglob("*pm*"))


OWN = "home/op/.local/state/pm"


def _status(root: Path, home: str = "var/opt/pm") -> dict[str, object]:
    """As it is on the node's disk; pids are those of the node."""
    return dict(json.loads((root / home / "public/status.json").read_text()))


def _ssh(lab: NetLab, node: BootedNode, known: Path, command: str) -> None:
    process = lab.popen(
        *("ssh", "-F", "none", "-i", str(lab.key), "-o", f"UserKnownHostsFile={known}"),
        *("-o", "BatchMode=yes", f"root@{node.address}", command),
    )
    process.wait(60)


MODES = {
    "var/opt/pm": 0o711,
    "var/opt/pm/public": 0o750,
    "var/opt/pm/public/acks": 0o750,
    "var/opt/pm/plans": 0o700,
    "var/opt/pm/units": 0o700,
    "var/opt/pm/jobs": 0o700,
    "var/opt/pm/trust": 0o700,
    "var/opt/pm/sub": 0o700,
    "var/opt/pm/input": 0o600,
    "var/pm": 0o755,
    "var/pm/default.pipe": 0o620,
    "var/pm/default.pipe.lock": 0o660,
    "var/pm/lease": 0o750,
    "var/pm/lease/main": 0o660,
    "var/pm/inbox": 0o1730,
    "var/pm/march": 0o755,
}
MARCH = (
    *("var/opt/pm/public", "var/opt/pm/public/acks", "var/pm/default.pipe"),
    *("var/pm/default.pipe.lock", "var/pm/lease", "var/pm/lease/main", "var/pm/inbox"),
)


def _has_the_modes_of_the_table(root: Path) -> None:
    group = next(
        int(row.split(":")[2])
        for row in (root / "etc/group").read_text().splitlines()
        if row.startswith("pm-march:")
    )
    assert any(
        row.startswith("pm-verify:") for row in (root / "etc/passwd").read_text().splitlines()
    )
    for place, mode in MODES.items():
        state = (root / place).lstat()
        assert stat.S_IMODE(state.st_mode) == mode, place
        assert (state.st_uid, state.st_gid) == (0, group if place in MARCH else 0), place
