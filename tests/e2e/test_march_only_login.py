"""A login that may do nothing but march: `restrict,command="RUN/march"` in authorized_keys."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.support.fleet import Fleet
from tests.support.lab import Lab

pytestmark = pytest.mark.real
SPOTS = {"*.web": {"run": "sleep 86400", "files": {"conf": {"content": "{{ word }}"}}}}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(1) as made:
        yield made


@pytest.fixture(scope="module")
def fleet(lab: Lab) -> Iterator[Fleet]:
    node = lab.nodes[0]
    with Fleet(lab.folder, lab.nodes, user=node.user) as made:
        made.pms = {}
        made.write()
        made.deploy()
        key = lab.key.with_suffix(".pub")
        whole = key.read_text()
        writer = node.state / "pm" / "run" / "march"
        key.write_text(f'restrict,command="{writer}" {whole}')
        yield made
        key.write_text(whole)


def test_it_marches_and_lists(fleet: Fleet) -> None:
    big = fleet.folder / "release"
    big.mkdir()
    (big / "data").write_bytes(bytes(range(256)) * 4096)
    product = {"*.extra": {"run": "sleep 86400", "push": "release"}}
    plan = fleet.plan({**SPOTS, **product}, vars={"word": "one"})
    fleet.march(plan)
    assert fleet.rows()["n1.web"]["state"] == "RUNNING"
    fleet.march(plan, "-e", "word=two")
    assert "nothing to do" in fleet.march(plan, "-e", "word=two").stdout


def test_it_gets_no_shell_and_gives_no_orders(fleet: Fleet, lab: Lab) -> None:
    done = fleet.run("stop", "n1.web", code=None)
    assert done.returncode != 0
    node = lab.nodes[0]
    shell = subprocess.run(
        [
            *("ssh", "-F", "none", "-o", f"UserKnownHostsFile={lab.known_hosts}", "-p"),
            *(str(node.port), "-i", str(lab.key), f"{node.user}@{node.address}", "id"),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (shell.returncode, shell.stdout) == (64, "")
    assert fleet.rows()["n1.web"]["state"] == "RUNNING"
