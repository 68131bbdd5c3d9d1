"""Each of the products that others have written, from its archive to an answer."""

from __future__ import annotations

import re
from getpass import getuser
from pathlib import Path
from shutil import which

import pytest
from tests.fire.real.conftest import Laptop, profile
from tests.support import lacking, registry
from tests.support.mirror import Mirror
from tests.support.others import Other, port
from tests.support.wait import until

pytestmark = [pytest.mark.real, pytest.mark.nightly]


@pytest.mark.parametrize("name", ["nginx", "redis", "dropbear"])
def test_a_server_answers(name: str, laptop: Laptop, mirror: Mirror) -> None:
    other, number = Other(name), port()
    words = [mirror.archive(other.archive()), "-f", profile(name), "--set", f"port={number}"]
    if name == "nginx":  # its workers would have to reach our folder
        words += ["--set", f"user={getuser()}"]
    laptop.enve("setup", *words)
    daemon = laptop.start("run", *words)
    try:
        until(lambda: other.answers(number, other.says(other.versions[0])), f"{name} answers")
    finally:
        daemon.terminate()
        daemon.wait(20)
    assert not laptop.made("setup", *words)


@pytest.mark.parametrize(
    ("name", "told"), [("hello", "Hello, world!"), ("left-pad", "----x"), ("uwsgi", "2.0.30")]
)
def test_a_program_says_who_it_is(name: str, told: str, laptop: Laptop, mirror: Mirror) -> None:
    if name == "left-pad" and not (which("node") and which("npm")):
        pytest.skip("needs node and npm")
    words = [mirror.archive(Other(name).archive()), "-f", profile(name)]
    assert told in laptop.enve("execute", *words).stdout
    assert not laptop.made("execute", *words)


def test_what_does_not_compile_shows_why(laptop: Laptop, mirror: Mirror) -> None:
    archive = mirror.archive(registry.debian("mini-httpd"))
    told = laptop.enve("build", archive, "-f", profile("mini-httpd"), status=82).stderr
    assert "make: *** [Makefile" in told
    assert "mini-httpd-1.30" in told
    log = Path(told.rpartition("all that was printed: ")[2].split()[0])
    assert "conflicting types" in log.read_text()


def test_a_tool_that_is_missing_is_named(laptop: Laptop, mirror: Mirror) -> None:
    archive = mirror.archive(registry.debian("redir"))
    laptop.before = lacking.masked(lacking.programs("autoreconf"))
    told = laptop.enve("build", archive, "-f", profile("redir"), status=82).stderr
    assert re.search("autoreconf: (not found|Permission denied)", told)  # as it is hidden
