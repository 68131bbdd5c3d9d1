"""`enve profile`: shown as a table, judged, and described for editors."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.support.here import Enve, enve_in

from enve.load.profile.schema import schema

PROFILE = """\
enve: 1
title: web
version: "1.0"
vars: {port: 80, pw: !secret db, unused: 1}
setup: {files: [{path: etc/web.conf, template: "port={{ port }} {{ pw }}\\n"}]}
run: {cmd: bin/web}
profiles: {test: {vars: {port: 8080}}}
"""


@pytest.fixture
def enve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Enve:
    (tmp_path / "enve.yml").write_text(PROFILE)
    return enve_in(tmp_path, monkeypatch, capsys)


TABLE = {
    "enve": 1,
    "title": "web",
    "version": "1.0",
    "prefix": "/opt/web",
    "setup": {
        "files": [
            {"path": "etc/web.conf", "mode": 0o600, "secret": True,
             "content": "port=80 (secret db)\n"}
        ]
    },
    "run": {"cmd": ["bin/web"]},
}  # fmt: skip


def test_it_is_shown(enve: Enve, tmp_path: Path) -> None:
    for words in ((), (".",), (str(tmp_path),), (f"file://{tmp_path}",)):
        code, out, err = enve("profile", "show", *words)
        assert (code, err) == (0, "")
        assert yaml.safe_load(out) == TABLE
        assert "mode: 0600\n" in out
    _, out, _ = enve("profile", "show", "-o", "json")
    assert json.loads(out) == TABLE


def test_what_is_asked_for_is_laid_over_it(enve: Enve) -> None:
    def content(*words: str) -> str:
        code, out, _ = enve("profile", "show", "-o", "json", *words)
        assert code == 0
        return str(json.loads(out)["setup"]["files"][0]["content"])

    assert content("--profile", "test") == "port=8080 (secret db)\n"
    assert content("--profile", "test", "--set", "port=1=2") == "port=1=2 (secret db)\n"


def test_a_file_in_place_of_its_own(enve: Enve, tmp_path: Path) -> None:
    (tmp_path / "other.yml").write_text("enve: 1\ntitle: other\n")
    code, out, _ = enve("profile", "show", "-f", "other.yml")
    assert (code, yaml.safe_load(out)["title"]) == (0, "other")


def test_a_pipe_is_not_waited_for(enve: Enve, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    code, _, err = enve("profile", "show", "-f", "pipe")
    assert (code, "wanted a file, found a pipe" in err) == (65, True)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("enve: 1\n", "enve: 2\n", "wanted 1, found 2"),
        ("run: {", "checkout: {refresh: sometimes}\nrun: {", "never, always, or a time (seconds"),
    ],
)
def test_what_was_wanted_is_told(enve: Enve, tmp_path: Path, old: str, new: str, said: str) -> None:
    (tmp_path / "enve.yml").write_text(PROFILE.replace(old, new))
    code, _, err = enve("profile", "lint")
    assert (code, said in err) == (65, True), err


def test_a_good_one_is_said_to_be_good(enve: Enve) -> None:
    code, out, err = enve("profile", "lint")
    assert (code, err) == (0, "")
    assert out == "nothing uses the variable unused\nweb-1.0 is good, test too\n"


def test_a_variable_that_only_a_profile_has_is_named_with_it(enve: Enve, tmp_path: Path) -> None:
    (tmp_path / "enve.yml").write_text(PROFILE.replace("port: 8080", "port: 8080, prot: 1"))
    _, out, _ = enve("profile", "lint")
    assert "nothing uses the variable prot of profile test\n" in out


def test_a_bad_one_is_shown_where_it_is_bad(enve: Enve, tmp_path: Path) -> None:
    (tmp_path / "enve.yml").write_text(PROFILE + "  more: {biuld: {}}\n")
    (tmp_path / "enve.yml").write_text(PROFILE.replace("{test: {", "{test: {biuld: {}, "))
    code, out, err = enve("profile", "lint")
    assert (code, out) == (65, "")
    assert "unknown key 'biuld'" in err
    assert "enve.yml:7:19" in err
    assert "did you mean 'build'?" in err


def test_each_of_its_profiles_is_judged(enve: Enve, tmp_path: Path) -> None:
    more = "{test: {vars: {port: 8080}}, a: {version: '{{ x }}'}, b: {version: '{{ y }}'}}"
    text = PROFILE.replace("{test: {vars: {port: 8080}}}", more)
    (tmp_path / "enve.yml").write_text(text)
    code, _, err = enve("profile", "lint")
    assert code == 65
    assert "'x' is undefined" in err
    assert "'y' is undefined" in err
    assert enve("profile", "lint", "--profile", "test")[0] == 0


def test_the_schema_is_printed(enve: Enve) -> None:
    code, out, _ = enve("profile", "schema")
    assert (code, json.loads(out)) == (0, schema())


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("shwo",), 64, "did you mean 'show'?"),
        (("schema", "."), 64, "takes no URL"),
        (("show", "svn://a"), 64, "wanted git+https://"),
        (("show", "--set", "port"), 64, "wanted NAME=VALUE"),
        (("show", "--set", "prot=1"), 65, "did you mean 'port'?"),
        (("show", "-f", "nothing.yml"), 65, "cannot read nothing.yml"),
        (("show", "/nowhere"), 80, "/nowhere: nothing there"),
    ],
)
def test_what_is_wrong_is_said(enve: Enve, words: tuple[str, ...], code: int, told: str) -> None:
    found, out, err = enve("profile", *words)
    assert (found, out) == (code, "")
    assert told in err


def test_a_url_is_fetched_with_what_it_needs(
    enve: Enve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVE_STORE", str(tmp_path / "store"))
    lib, web = committed(tmp_path / "lib", "enve: 1\ntitle: lib\n"), tmp_path / "web"
    text = f"deps: {{build: [{{url: 'git+file://{tmp_path}/lib#main'}}]}}\n"
    committed(web, PROFILE + text)
    code, out, err = enve("profile", "show", "-o", "json", f"git+file://{web}#main")
    assert code == 0, err
    (row,) = json.loads(out)["deps"]["build"]
    assert row["url"] == f"git+file://{tmp_path}/lib#{lib}"
    assert row["source"].startswith("git:")
    assert row["table"] == {"enve": 1, "title": "lib", "prefix": "/opt/lib"}
    code, out, err = enve("profile", "show", f"git+file://{tmp_path}/none#main")
    assert (code, out) == (80, "")
    assert f"{tmp_path}/none" in err
    (web / "enve.yml").write_text(PROFILE + text.replace("/lib#", "/bil#"))
    code, out, err = enve("profile", "lint", str(web))
    assert (code, out) == (80, "")
    assert f"a dep at {web}/enve.yml:8:16: " in err


def committed(folder: Path, profile: str) -> str:
    """A repository with one commit on main; its id."""

    def git(*words: str) -> str:
        mail = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        words = ("git", *mail, "-C", str(folder), *words)
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()

    folder.mkdir()
    (folder / "enve.yml").write_text(profile)
    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-q", "-m", "first")
    return git("rev-parse", "HEAD")
