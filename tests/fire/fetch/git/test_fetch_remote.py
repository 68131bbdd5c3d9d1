"""Git from elsewhere: over http and ssh, through proxies, with submodules, and with no network."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.fetching import MAIN, Fetcher, Repo
from tests.support.lab import Lab
from tests.support.packed import tar, tree
from tests.support.web import Authority, Proxy, Web, redirect, stall, status

from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_fire.fetch import plain
from enve_fire.fetch.git import mirror, modules


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror, "PAUSE", 0.01)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    with Web(git=tmp_path) as server:
        yield server


def git_url(web: Web, name: str = "repo") -> str:
    return "git+" + web.url(f"/git/{name}/.git")


def refused(fetcher: Fetcher, url: str, text: str, **how: object) -> Trouble:
    with pytest.raises(Trouble, match=text) as error:
        fetcher(url, **how)
    assert error.value.code == CHECKOUT
    return error.value


def test_over_http(web: Web, repo: Repo, fetcher: Fetcher) -> None:
    first = repo.commit(x="1")
    repo.git("tag", "v1")
    url = git_url(web)
    found = fetcher(url + "#v1")
    assert tree(Path(found.path)) == {"x": b"1"}
    assert not found.private
    asked = len(web.requests)
    assert fetcher(url + "#v1") == found == fetcher(f"{url}#{first}")
    assert fetcher(f"{url}#{first}", subdir="", refresh="always") == found
    assert len(web.requests) == asked  # what is pinned and here needs no server
    second = repo.commit(x="2")
    assert fetcher(f"{url}#{second}").source == fetcher(url, refresh="always").source
    repo.git("reset", "-q", "--hard", first)
    assert fetcher(f"{url}#{second}").pinned.ref == second
    assert fetcher(url, refresh="always").pinned.text == f"{url}#{first}"


def test_over_http_of_a_server_of_files(web: Web, repo: Repo, fetcher: Fetcher) -> None:
    first = repo.commit(x="1")
    repo.commit(x="2")
    repo.git("update-server-info")
    for file in (repo.path / ".git").rglob("*"):
        if file.is_file():
            web.put("/plain/" + str(file.relative_to(repo.path / ".git")), file.read_bytes())
    url = "git+" + web.url("/plain")
    assert tree(Path(fetcher(f"{url}#{first}").path)) == {"x": b"1"}
    assert tree(Path(fetcher(f"{url}#main").path)) == {"x": b"2"}


def test_over_https_through_a_proxy(repo: Repo, fetcher: Fetcher, tmp_path: Path) -> None:
    repo.commit(x="1")
    authority = Authority(tmp_path / "ca")
    with Web(git=tmp_path) as web, Proxy() as proxy:
        web.tls(authority)
        assert "SSL_CERT_FILE" in refused(fetcher, git_url(web), "certificate").hint
        fetcher.environ.update(
            SSL_CERT_FILE=str(authority.file), https_proxy=f"http://{proxy.address}"
        )
        assert tree(Path(fetcher(git_url(web)).path)) == {"x": b"1"}
        assert set(proxy.requests) == {f"CONNECT 127.0.0.1:{web.port}"}
        web.plan["/git/repo/.git/info/refs"] = [redirect(git_url(web)[4:].replace("https", "http"))]
        refused(fetcher, git_url(web), "another way of transport|breaks off", refresh="always")


def test_servers_that_refuse(
    web: Web, repo: Repo, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit(x="1")
    path = "/git/repo/.git/info/refs"
    login = status(401, WWW_Authenticate="Basic realm=x")
    for act, text, hint in (
        (status(404), "no repository", "url is right"),
        (login, "user and a password", "netrc"),
        (status(403), "login is refused|no repository", ""),
    ):
        web.plan[path] = [act]
        assert hint in refused(fetcher, git_url(web), text).hint
    web.plan[path] = [status(503)] * 3
    assert tree(Path(fetcher(git_url(web)).path)) == {"x": b"1"}
    web.plan[path] = [status(503)] * 4
    refused(fetcher, git_url(web), "breaks off", refresh="always")
    home = fetcher.folder / "home"
    home.mkdir()
    (home / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    fetcher.environ["HOME"] = str(home)
    web.plan[path] = [login]
    found = fetcher(git_url(web), refresh="always")
    assert web.requests[-1][1].get("Authorization")
    assert found.private


def test_no_password_where_others_hear_it(
    web: Web, repo: Repo, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A url may be a stranger's, who chooses the way; with its commit it is fetched anyhow."""
    home = fetcher.folder / "home"
    home.mkdir()
    (home / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    fetcher.environ["HOME"] = str(home)
    id_, login = repo.commit(x="1"), status(401, WWW_Authenticate="Basic realm=x")
    path = "/git/repo/.git/info/refs"
    for here, told in ((plain.HERE, True), ("", False), (plain.HERE, True)):
        monkeypatch.setattr(plain, "HERE", here)
        web.plan[path] = [login] * 2
        web.requests.clear()
        with contextlib.suppress(Trouble):
            fetcher(f"{git_url(web)}#{id_[:-1]}{'0' if id_[-1] != '0' else '1'}")
        assert any("Authorization" in headers for _, headers in web.requests) == told


def test_a_server_that_stops(
    web: Web, repo: Repo, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    monkeypatch.setattr(mirror, "RETRIES", 0)
    repo.commit(x="1")
    end = threading.Event()
    fetcher.patience = 1
    web.plan["/git/repo/.git/info/refs"] = [stall(end)]
    try:
        refused(fetcher, git_url(web), "breaks off|git:")
    finally:
        end.set()


def test_a_repository_that_is_too_large(web: Web, repo: Repo, fetcher: Fetcher) -> None:
    (repo.path / "big").write_bytes(os.urandom(3 << 20))
    repo.commit()
    refused(fetcher, git_url(web), "larger than the limit", limit=1 << 20)
    fetcher.environ["ENVE_FETCH_LIMIT"] = "1M"
    assert "ENVE_FETCH_LIMIT=10G" in refused(fetcher, git_url(web), "larger than the limit").hint
    del fetcher.environ["ENVE_FETCH_LIMIT"]
    assert fetcher(git_url(web)).source


def test_ssh(repo: Repo, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror, "RETRIES", 0)
    repo.commit(x="1")
    with Lab(1) as lab:
        node = lab.nodes[0]
        url = f"git+ssh://{node.user}@{node.address}:{node.port}{repo.path}"
        known = lab.folder / "empty"
        base = f"ssh -F none -o IdentitiesOnly=yes -o UserKnownHostsFile={known}"
        fetcher.environ["GIT_SSH_COMMAND"] = f"{base} -i {lab.key}"
        assert "compare the key" in refused(fetcher, url, "does not know the host's key").hint
        known.write_text(node.known_hosts_line)
        found = fetcher(url)
        assert tree(Path(found.path)) == {"x": b"1"}
        assert found.private
        assert "-private-checkout/" in found.path
        fetcher.environ["GIT_SSH_COMMAND"] = f"{base} -i {node.folder / 'host_key'}"
        assert "ssh-add" in refused(fetcher, url, "no key of ours", refresh="always").hint
        node.stop()
        assert fetcher(url) == found
        refused(fetcher, url, "breaks off", refresh="always")


# -- submodules -----------------------------------------------------------------------------------
def test_submodules_when_asked_for(
    web: Web, repo: Repo, new_repo: Callable[..., Repo], fetcher: Fetcher
) -> None:
    inner, deep = new_repo("inner"), new_repo("deep")
    deep.commit(z="3")
    inner.commit(y="2")
    inner.git("submodule", "add", "-q", str(deep.path), "down")
    inner.git("config", "-f", ".gitmodules", "submodule.down.url", "../../deep/.git")
    inner.commit()
    repo.commit(x="1")
    repo.git("submodule", "add", "-q", str(inner.path), "sub/in")
    repo.git("config", "-f", ".gitmodules", "submodule.sub/in.url", git_url(web, "inner")[4:])
    repo.commit()
    plain = fetcher(git_url(web))
    assert tree(Path(plain.path))["sub/in"] is None
    whole = fetcher(git_url(web), submodules=True)
    found = tree(Path(whole.path))
    assert {name: found[name] for name in ("x", "sub/in/y", "sub/in/down/z")} == {
        "x": b"1",
        "sub/in/y": b"2",
        "sub/in/down/z": b"3",
    }
    assert whole.source != plain.source
    assert whole.source.startswith(plain.source)
    below = fetcher(git_url(web), submodules=True, subdir="sub")
    assert tree(Path(below.path))["in/down/z"] == b"3"
    times = {file.stat().st_mtime for file in Path(whole.path).rglob("*") if file.is_file()}
    assert times == {whole.epoch}


def test_submodules_of_submodules_have_a_bound(
    repo: Repo, new_repo: Callable[..., Repo], fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner, deep = new_repo("inner"), new_repo("deep")
    deep.commit(z="3")
    for outer, other in ((inner, deep), (repo, inner)):
        for name in "abc":
            outer.git("submodule", "add", "-q", str(other.path), name)
        outer.commit()
    monkeypatch.setattr(modules, "MOST", 12)
    assert len(list(Path(fetcher(repo.url, submodules=True).path).rglob("z"))) == 9
    monkeypatch.setattr(modules, "MOST", 11)
    found = fetcher(repo.url, submodules=True).path
    shutil.rmtree(found)
    refused(fetcher, repo.url, "more than 11 submodules", submodules=True)


@pytest.mark.parametrize("path", ["../in", "a//in", "./in", "a/.."])
def test_submodules_that_lie_elsewhere(path: str) -> None:
    with pytest.raises(Trouble, match="which leads elsewhere"):
        modules.links(f"160000 commit {1:040}\t{path}\0")


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c x",
        "-x",
        "--upload-pack=x",
        "git://h/x",
        "",
        "http://u:p@h/x",
        "http://h/x#refs/heads/a",
    ],
)
def test_submodules_from_where_nothing_is_fetched(
    url: str, web: Web, repo: Repo, new_repo: Callable[..., Repo], fetcher: Fetcher
) -> None:
    inner = new_repo("inner")
    inner.commit(y="2")
    repo.git("submodule", "add", "-q", str(inner.path), "in")
    repo.git("config", "-f", ".gitmodules", "submodule.in.url", url)
    repo.commit()
    refused(fetcher, git_url(web), "its submodule 'in'", submodules=True)


def test_a_stranger_names_no_folder_of_this_machine(
    web: Web, repo: Repo, new_repo: Callable[..., Repo], fetcher: Fetcher
) -> None:
    inner = new_repo("inner")
    inner.commit(secret="2")
    repo.git("submodule", "add", "-q", str(inner.path), "in")
    repo.commit()
    refused(fetcher, git_url(web), "is not fetched", submodules=True)
    found = fetcher(repo.url, submodules=True)
    assert tree(Path(found.path))["in/secret"] == b"2"


# -- no network ------------------------------------------------------------------------------------
@pytest.mark.strace
def test_offline_opens_no_socket(web: Web, repo: Repo, fetcher: Fetcher) -> None:
    first = repo.commit(x="1")
    file = web.put("/a.tar", tar(("a/x", b"1")))
    urls = [git_url(web), file, f"{git_url(web)}#{first}"]
    kept = [fetcher(url).path + "\n" for url in urls]
    asked = len(web.requests)
    second = repo.commit(x="2")
    assert offline(fetcher, urls[0], ENVE_OFFLINE="1") == (0, kept[0])
    assert offline(fetcher, urls[0], "--refresh", "--offline") == (0, kept[0])
    assert offline(fetcher, urls[1], "--offline") == (0, kept[1])
    assert offline(fetcher, urls[2], ENVE_OFFLINE="1") == (0, kept[2])
    assert offline(fetcher, f"{git_url(web)}#{second}", "--offline") == (CHECKOUT, "")
    assert offline(fetcher, web.url("/b.tar"), ENVE_OFFLINE="1") == (CHECKOUT, "")
    assert offline(fetcher, repo.url, "--offline")[0] == 0
    assert len(web.requests) == asked


def offline(fetcher: Fetcher, *words: str, **environ: str) -> tuple[int, str]:
    """What it ends with and prints; there is no `connect` to the network."""
    log = fetcher.folder / "strace"
    argv = [sys.executable, "-I", "-S", str(MAIN), "fetch", *words]
    trace = ["strace", "-f", "-qq", "-e", "trace=socket,connect", "-o", str(log)]
    env = {**fetcher.environ, **environ}
    done = subprocess.run([*trace, *argv], env=env, capture_output=True, text=True, check=False)
    assert "AF_INET" not in log.read_text()
    return done.returncode, done.stdout
