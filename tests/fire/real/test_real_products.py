"""Real software: fetched by each kind of url, built, installed, set up, run; then for nothing."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from tests.fire.real.conftest import MADE, Laptop, profile
from tests.support import registry
from tests.support.mirror import Mirror
from tests.support.others import Other, port
from tests.support.wait import until


@pytest.mark.real
def test_lua_by_every_url_is_built_once_for_each_source(laptop: Laptop, mirror: Mirror) -> None:
    archive = registry.debian("lua5.4")
    own = Path(profile("lua")).read_text()
    repo = mirror.repo("lua", archive)
    (repo.path / "enve.yml").write_text(own)
    commit = repo.commit()
    pin = sha256(archive.read_bytes()).hexdigest()
    quick = ["--set", "cflags=-O0"]
    by_archive = ["-f", profile("lua"), *quick]
    told = laptop.enve("execute", f"{mirror.archive(archive)}#sha256={pin}", *by_archive)
    assert told.stdout.startswith("Lua 5.4.4")
    again = laptop.enve("execute", f"file://{archive}", *by_archive)
    assert again.stdout == told.stdout
    assert "lua" not in MADE.findall(again.stderr), "another url, the same bytes"

    first = laptop.enve("execute", f"{repo.url}#{commit}", *quick)
    assert first.stdout == told.stdout
    published = mirror.publish(repo)
    second = laptop.enve("execute", f"{published}#main", *quick)
    assert second.stdout == told.stdout
    (mirror.folder / "again").symlink_to(repo.path)
    third = laptop.enve("execute", published.replace("/lua/", "/again/") + "#main", *quick)
    assert third.stdout == told.stdout
    assert "lua" not in MADE.findall(third.stderr), "another url, the same tree"
    assert laptop.enve("test", f"{repo.url}#main", *quick).returncode == 0
    shown = laptop.enve("run", f"{repo.url}#{commit}", *quick, "--", "-e", "print(6 * 7)")
    assert shown.stdout == "42\n"


@pytest.mark.real
def test_tinyproxy_is_set_up_again_without_a_build(laptop: Laptop, mirror: Mirror) -> None:
    archive = mirror.archive(registry.debian("tinyproxy"))
    words = [archive, "-f", profile("tinyproxy")]
    number = port()
    daemon = laptop.start("run", *words, "--set", f"port={number}")
    try:
        until(lambda: Other("tinyproxy").answers(number, "HTTP/1."), "tinyproxy answers", 120)
    finally:
        daemon.terminate()
        daemon.wait(20)
    done = laptop.enve("setup", *words, "--set", f"port={number}", "--set", "timeout=5")
    assert "build of" not in done.stderr
    conf = Path(done.stdout.strip()) / "etc/tinyproxy.conf"
    assert f"Port {number}\n" in conf.read_text()
    assert "Timeout 5\n" in conf.read_text()
