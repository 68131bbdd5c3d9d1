"""Listing over real sshds through the real writer: alive, dead, cut off, without pm."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.lab import Lab, SshNode

from enve_pm.hostinit import writer

pytestmark = pytest.mark.real
BOOT = Path("/proc/sys/kernel/random/boot_id").read_text().strip()


class Stand:
    """Something alive in pm's place: a process whose pid and start time the status names."""

    def __init__(self, node: SshNode) -> None:
        self.home = node.state / "pm"
        self.process = subprocess.Popen(["sleep", "1000"])
        (self.home / "public/sub").mkdir(parents=True)
        (self.home / "run").mkdir()
        march = self.home / "run/march"
        march.write_text(writer.text(str(self.home), str(self.home / "run/default.pipe")))
        march.chmod(0o755)
        self.publish("edge", "a b")

    def publish(self, *units: str) -> None:
        stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        start = int(stat.rpartition(")")[2].split()[19])
        unit = {"kind": "process", "state": "RUNNING", "want": "up", "since": 1, "pid": 7}
        status = {"v": 1, "pid": self.process.pid, "start": start, "boot": BOOT}
        self.write("status.json", {**status, "units": dict.fromkeys(units, unit)})
        inner = {"v": 1, "status": {"v": 1, "units": {"shop": {**unit, "state": "FAIL"}}}}
        self.write("sub/my%20pm.json", {**inner, "alive": True, "sub": {}})

    def write(self, name: str, document: object) -> None:
        text = json.dumps(document, separators=(",", ":"), sort_keys=True) + "\n"
        (self.home / "public" / name).write_text(text)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(3) as made:
        yield made


@pytest.fixture
def stands(lab: Lab) -> Iterator[list[Stand]]:
    made = [Stand(node) for node in lab.nodes[:2]]
    yield made
    for stand in made:
        stand.end()
        subprocess.run(["rm", "-rf", str(stand.home)], check=True)


def listing(lab: Lab, *words: str) -> tuple[int, dict[str, dict[str, str]]]:
    nodes = "".join(
        f"  {node.name}: {{host: {node.address}, port: {node.port}}}\n" for node in lab.nodes
    )
    inventory = lab.folder / "inventory.yml"
    inventory.write_text(f"domain: t.example\ndefaults: {{install: user}}\nnodes:\n{nodes}")
    code = "from enve.cli.main import listing; listing()"
    done = subprocess.run(
        [
            *(sys.executable, "-c", code, "-i", str(inventory), "-o", "csv"),
            *("--private-key", str(lab.key), "-T", "60", *words),
        ],
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(lab.folder),
            "ENVE_KNOWN_HOSTS": str(lab.known_hosts),
            "ENVE_SSH_CONFIG": "none",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    rows = csv.DictReader(io.StringIO(done.stdout))
    return done.returncode, {row["address"]: row for row in rows}


def test_a_fleet_in_every_condition(lab: Lab, stands: list[Stand]) -> None:
    code, rows = listing(lab)
    assert code == 3
    assert {name: row["state"] for name, row in rows.items()} == {
        "n1.[a b]": "RUNNING",
        "n1.[my pm].shop": "FAIL",
        "n1.edge": "RUNNING",
        "n2.[a b]": "RUNNING",
        "n2.[my pm].shop": "FAIL",
        "n2.edge": "RUNNING",
        "n3": "",
    }
    assert rows["n3"]["detail"] == "pm is not installed"
    assert rows["n1.edge"]["detail"] == ""

    stands[0].end()
    lab.nodes[2].stop()
    try:
        code, rows = listing(lab)
    finally:
        lab.nodes[2].start()
    assert code == 3
    assert rows["n1"]["detail"] == "pm is not running; its last states follow"
    assert rows["n1.edge"]["detail"] == "(last known)"
    assert rows["n2.edge"]["detail"] == ""
    assert rows["n3"]["detail"] == "unreachable: connection refused"


def test_only_the_nodes_that_are_meant_are_asked(lab: Lab, stands: list[Stand]) -> None:
    lab.nodes[2].stop()
    try:
        code, rows = listing(lab, "n1.edge", "n2.edge")
    finally:
        lab.nodes[2].start()
    assert (code, sorted(rows)) == (0, ["n1.edge", "n2.edge"])


def test_a_status_that_lies_is_told(lab: Lab, stands: list[Stand]) -> None:
    status = stands[0].home / "public/status.json"
    status.write_text('{"v":1,"units":{"\\u001b[2J":{}}}\n')
    code, rows = listing(lab, "n1", "n2")
    assert code == 3
    assert rows["n1"]["detail"].startswith("its states are unreadable: status: ")
    assert rows["n1"]["detail"].isprintable()
    assert "n2.edge" in rows
