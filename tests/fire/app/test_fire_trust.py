"""Who calls says how a build is kept in, also where a profile is a rendered table."""

from __future__ import annotations

import json

import pytest
from tests.support.workbench import BUILD, table


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("build", {"sandbox": "none"}),
        ("build", {"network": True}),
        ("install", {"setuid": ["bin/greet"]}),
    ],
)
def test_what_was_fetched_does_not_let_itself_out(bench, section, key):
    """Nor does it make others what we are."""
    found = table(build={"run": list(BUILD)})
    found[section] = {**found.get(section, {}), **key}
    repo = bench.repository(enve__json=json.dumps(found))
    url = f"git+file://{repo}"
    done = bench.fire("build", url)
    assert done.returncode == 65
    assert f"greet-1: {section}.{next(iter(key))} is" in done.stderr
    assert not bench.entries("build")
    assert bench.fire("build", "--trust", url).returncode == 0
    assert bench.good("build", "-f", bench.profile(found), url)
    assert bench.good("build", repo)
