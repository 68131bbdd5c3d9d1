"""The lab itself: its servers answer, with the HOME that each node was given."""

import subprocess

import pytest

from tests.support.lab import lab


@pytest.mark.real
def test_every_node_answers_with_its_own_home() -> None:
    with lab(2) as made:
        for node in made.nodes:
            command = ["ssh", "-F", "none", "-i", str(node.key), "-p", str(node.port)]
            command += ["-o", f"UserKnownHostsFile={made.known_hosts}", "-o", "BatchMode=yes"]
            done = subprocess.run(
                [*command, node.address, 'printf %s "$HOME"'], capture_output=True, check=True
            )
            assert done.stdout.decode() == str(node.home)
