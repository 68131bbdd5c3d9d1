"""The one line that a deploy says of a node."""

from __future__ import annotations

import pytest

from enve.core import deploywords

HASH = "8eaba2222837f0b5"
KEY = "key 1DC5D3A85FB02BCEB28511B8F483BA04BFDB06B2"


def test_a_new_node() -> None:
    did = ["folders", f"program {HASH}", KEY, "blueprint", "writer", "launcher"]
    assert deploywords.installed(did, HASH) == "pm 8eaba222 installed"
    did += ["registered with cron", "started"]
    assert (
        deploywords.installed(did, HASH) == "pm 8eaba222 installed, registered with cron, started"
    )


@pytest.mark.parametrize(
    ("did", "said"),
    [
        ([KEY, "blueprint", "reloaded"], "blueprint, 1 key"),
        ([KEY, KEY, f"{KEY}.gpg removed", "blueprint"], "blueprint, 2 keys, 1 key removed"),
        ([f"program {HASH}", "launcher", "reexec"], "program, reexec"),
        (["writer"], "writer"),
        ([], "nothing to do"),
    ],
)
def test_a_node_that_differed(did: list[str], said: str) -> None:
    assert deploywords.changed(did) == said


def test_a_node_that_pm_left() -> None:
    did = ["registration", "pm stopped", "/h/pm/run", "/h/pm"]
    assert deploywords.removed(did, "/h/pm") == "registration, pm stopped, /h/pm"
