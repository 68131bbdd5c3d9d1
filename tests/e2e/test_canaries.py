"""A thousand secrets go through a plan: none is to be met anywhere but where the unit finds it."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fleet import finish
from tests.support.site import Site

pytestmark = pytest.mark.real
COUNT = 1_000
MARK = re.compile(rb"canary-[0-9a-f]{16}")
NAMES = [f"s{number}" for number in range(COUNT)]
FAIL = "exit 3"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site(1) as made:
        yield made


def canaries() -> dict[str, str]:
    return {name: f"canary-{secrets.token_hex(8)}" for name in NAMES}


def march(site: Site, values: dict[str, str], run: str, *words: str, code: int) -> bytes:
    """Half of the secrets in a file of the unit, half in its environment. All that was said."""
    env = {name.upper(): value for name, value in values.items()}
    half = COUNT // 2
    text = "".join(f"{name} = {{{{ {name} }}}}\n" for name in NAMES[:half])
    (site.lab.folder / "secret.conf.j2").write_text(text)
    spot = {
        "run": {"sh": run},
        "restart": "never",
        "files": {"secret.conf": "secret.conf.j2"},
        "env": {name.upper(): f"{{{{ {name} }}}}" for name in NAMES[half:]},
    }
    plan = site.plan(job=spot)
    told = plan.read_text().replace("vars:", "vars:\n" + "".join(_variables()), 1)
    plan.write_text(told + "secrets:\n" + "".join(_sources()))
    fleet = site.fleet
    words = ("march", str(plan), "--yes", "--key", fleet.alice, *words)
    process = fleet.start(*words, **env)
    seen = []
    while process.poll() is None:
        seen += command_lines()
    out, err = finish(process)
    assert process.returncode == code, out + err
    return b"\n".join([out.encode(), err.encode(), *seen])


def _variables() -> list[str]:
    return [f"  {name}: !secret {name}\n" for name in NAMES]


def _sources() -> list[str]:
    return [f"  {name}: {{env: {name.upper()}}}\n" for name in NAMES]


def command_lines() -> list[bytes]:
    """Of everything that runs here now."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            found.append((entry / "cmdline").read_bytes())
        except OSError:
            continue
    return found


def met(*places: Path) -> dict[str, list[bytes]]:
    """Where canaries lie below these folders."""
    found = {}
    for place in places:
        for file in place.rglob("*"):
            if file.is_file() and not file.is_symlink():
                marks = MARK.findall(file.read_bytes())
                if marks:
                    found[str(file)] = marks[:2]
    return found


@pytest.mark.parametrize("words", [("--diff", "-vv"), ("-o", "json")])
def test_what_is_said(site: Site, words: tuple[str, ...]) -> None:
    said = march(site, canaries(), "exec sleep 7301", *words, code=0)
    assert not MARK.findall(said)
    again = march(site, canaries(), "exec sleep 7302", *words, code=0)  # old and new ones
    assert not MARK.findall(again)


def test_what_a_failure_says(site: Site) -> None:
    said = march(site, canaries(), FAIL, "--diff", code=3)
    assert not MARK.findall(said)
    for verb in (("list", "-o", "wide"), ("list", "-o", "json"), ("logs", "n1.job")):
        done = site.fleet.run(*verb, code=None)
        assert not MARK.findall((done.stdout + done.stderr).encode()), verb


def test_what_a_check_says(site: Site) -> None:
    said = march(site, canaries(), "exec sleep 7303", "--check", "--diff", code=2)
    assert not MARK.findall(said)


def test_where_it_lies(site: Site) -> None:
    """Only where the owner alone can look: HOME on the node, the operator's own history here."""
    march(site, canaries(), "exec sleep 7304", code=0)
    pm = site.pm("n1")
    open_to_others = [pm.home / "public", pm.home / "log", pm.home / "run"]
    assert met(*open_to_others) == {}
    for place in (pm.home, site.lab.folder / "operators"):
        closed = met(place)
        assert closed  # else the canaries died on their way
        for file in closed:
            assert not Path(file).stat().st_mode & 0o077, file


def test_what_pm_itself_tells(site: Site) -> None:
    """`cat` shows a unit to its owner only, whose files these are; the list shows nobody."""
    march(site, canaries(), "exec sleep 7305", code=0)
    pm = site.pm("n1")
    done = subprocess.run(
        [str(pm.home / "pm"), "list"],
        capture_output=True,
        env={"PATH": os.environ["PATH"]},
        check=True,
    )
    assert not MARK.findall(done.stdout + done.stderr)
