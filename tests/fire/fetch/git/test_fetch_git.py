"""Git: references, pins, trees, and what of a repository never runs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.fetching import Fetcher, Repo
from tests.support.packed import tree

from enve_fire.core import url as urls
from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_fire.fetch.git import mirror
from enve_pm.core.fieldcheck import Bad


def test_a_commit_becomes_a_folder_by_every_name(repo: Repo, fetcher: Fetcher) -> None:
    id_ = repo.commit(x="1", s__y="2")
    repo.git("tag", "-a", "v1", "-m", "annotated")
    repo.git("tag", "light")
    repo.git("branch", "feature/a")
    repo.git("update-ref", "refs/pull/7", id_)
    paths = set()
    for ref in ("", "#main", "#v1", "#light", "#feature/a", "#refs/pull/7", "#pull/7", "#" + id_):
        found = fetcher(repo.url + ref)
        assert found.pinned.text == f"{repo.url}#{id_}", ref
        assert found.source == "git:" + repo.git("rev-parse", "HEAD^{tree}")
        assert found.epoch == int(repo.git("show", "-s", "--format=%ct"))
        paths.add(found.path)
    assert len(paths) == 1
    assert tree(Path(paths.pop())) == {"s": None, "s/y": b"2", "x": b"1"}


def test_a_branch_moves_only_when_asked(repo: Repo, fetcher: Fetcher) -> None:
    first = repo.commit(x="1")
    assert fetcher(repo.url).pinned.ref == first
    second = repo.commit(x="2")
    assert fetcher(repo.url).pinned.ref == first
    assert fetcher(repo.url, refresh=1000).pinned.ref == first
    assert (
        fetcher(repo.url + "#main").pinned.ref == second
    )  # another name, asked for the first time
    assert fetcher(repo.url).pinned.ref == first
    assert fetcher(repo.url, refresh="always").pinned.ref == second
    assert fetcher(repo.url).pinned.ref == second
    assert fetcher(repo.url + "#" + first, refresh="always").pinned.text == f"{repo.url}#{first}"


def test_a_moved_branch_with_the_same_tree_is_the_same_source(repo: Repo, fetcher: Fetcher) -> None:
    repo.commit(x="1")
    first = fetcher(repo.url)
    repo.commit(x="1")
    second = fetcher(repo.url, refresh="always")
    assert first.pinned != second.pinned
    assert first.source == second.source


def test_times_and_modes_are_the_commits(repo: Repo, fetcher: Fetcher) -> None:
    (repo.path / "run").write_text("#!/bin/sh\n")
    (repo.path / "run").chmod(0o777)
    repo.commit(x="1")
    found = Path(fetcher(repo.url).path)
    assert (found / "run").stat().st_mode & 0o7777 == 0o555
    assert (found / "x").stat().st_mode & 0o7777 == 0o444
    assert int((found / "x").stat().st_mtime) == fetcher(repo.url).epoch


def test_only_a_folder_of_it(repo: Repo, fetcher: Fetcher) -> None:
    repo.commit(x="1", src__lib__y="2")
    found = fetcher(repo.url, subdir="src/lib")
    assert tree(Path(found.path)) == {"y": b"2"}
    assert found.source == "git:" + repo.git("rev-parse", "HEAD:src/lib")
    with pytest.raises(Trouble, match="no folder src/lob") as error:
        fetcher(repo.url, subdir="src/lob")
    assert error.value.hint == "did you mean src/lib?"
    with pytest.raises(Trouble, match="no folder x"):
        fetcher(repo.url, subdir="x")


def test_what_a_repository_does_not_have(repo: Repo, fetcher: Fetcher) -> None:
    with pytest.raises(Trouble, match="no HEAD") as error:
        fetcher(repo.url)
    assert "nothing in it yet" in error.value.hint
    repo.commit(x="1")
    repo.git("tag", "v1.0")
    with pytest.raises(Trouble, match=r"no v1\.9") as error:
        fetcher(repo.url + "#v1.9")
    assert error.value.hint == "did you mean v1.0?"
    with pytest.raises(Trouble, match="no commit aaaa"):
        fetcher(repo.url + "#" + "a" * 40)
    with pytest.raises(Trouble, match="no abcdef1") as error:
        fetcher(repo.url + "#abcdef1")
    assert "whole id" in error.value.hint
    with pytest.raises(Trouble, match="No such file"):
        fetcher(repo.url + "x")
    repo.git("tag", "blob", "HEAD:x")
    with pytest.raises(Trouble, match="blob is no commit"):
        fetcher(repo.url + "#blob")


def test_what_is_kept_is_enough_when_the_repository_is_gone(
    repo: Repo, fetcher: Fetcher, tmp_path: Path
) -> None:
    id_ = repo.commit(x="1")
    whole = fetcher(repo.url)
    repo.commit(x="2")
    shutil.move(repo.path, tmp_path / "gone")
    shutil.rmtree(whole.path)
    assert tree(Path(fetcher(f"{repo.url}#{id_}", offline=True).path)) == {"x": b"1"}
    with pytest.raises(Trouble) as error:
        fetcher(repo.url, refresh="always")
    assert error.value.code == CHECKOUT


def test_a_commit_that_no_branch_names_any_more_stays(repo: Repo, fetcher: Fetcher) -> None:
    first = repo.commit(x="1")
    entry = fetcher(repo.url).path
    repo.git("commit", "-q", "--amend", "--allow-empty", "-m", "other")
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "-q", "--prune=now")
    fetcher(repo.url, refresh="always")
    shutil.rmtree(entry)
    assert tree(Path(fetcher(f"{repo.url}#{first}").path)) == {"x": b"1"}


def test_many_fetches_leave_few_packs_and_forget_nothing(
    repo: Repo, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror, "PACKS", 3)
    ids = []
    for n in range(6):
        ids.append(repo.commit(x=str(n)))
        fetcher(repo.url, refresh="always")
        repo.git("checkout", "-q", "--orphan", f"b{n}")  # the next one has no history
        repo.git("branch", "-D", "-q", "main")
        repo.git("branch", "-m", "main")
    place = next(Path(fetcher.store.first).glob("*-private-git/*-repo/sha1"))
    assert len(list(place.glob("objects/pack/*.pack"))) <= 4
    shutil.rmtree(next(Path(fetcher.store.first).glob("*-checkout")))
    shutil.rmtree(repo.path)
    for n, id_ in enumerate(ids):
        assert tree(Path(fetcher(f"{repo.url}#{id_}").path)) == {"x": str(n).encode()}


def test_ids_of_sha256(new_repo: Callable[..., Repo], fetcher: Fetcher) -> None:
    repo = new_repo("new", "--object-format=sha256")
    id_ = repo.commit(x="1")
    assert len(id_) == 64
    assert fetcher(repo.url).pinned.ref == id_
    assert fetcher(f"{repo.url}#{id_}").source == "git:" + repo.git("rev-parse", "HEAD^{tree}")


def test_what_is_not_committed_is_left_out_and_said(repo: Repo, fetcher: Fetcher) -> None:
    repo.commit(x="1", y="1", ignored="1")
    (repo.path / "x").write_text("2")
    (repo.path / "new").write_text("3")
    found = fetcher(repo.url)
    assert tree(Path(found.path)) == {"ignored": b"1", "x": b"1", "y": b"1"}
    said = [line for line in fetcher.lines if "not committed" in line]
    assert said == [f"{repo.path}: what is not committed is left out: x, new"]


def test_files_are_compared_as_the_repository_says(repo: Repo, fetcher: Fetcher) -> None:
    repo.commit(run="1", lines="1\n2\n")
    repo.git("config", "core.fileMode", "false")
    repo.git("config", "core.autocrlf", "true")
    (repo.path / ".git/info/exclude").write_text("mine\n")
    linked = repo.path.parent / "linked"
    repo.git("worktree", "add", "-q", str(linked))
    assert b"\r\n" in (linked / "lines").read_bytes()
    for place in (repo.path, linked):
        fetcher.lines.clear()
        for name in ("mine", "new"):
            (place / name).touch()
        os.utime(place / "lines", (1, 1))  # so that it is looked into
        (place / "run").chmod(0o755)
        fetcher(f"git+file://{place}", refresh="always")
        said = [line for line in fetcher.lines if "not committed" in line]
        assert said == [f"{place}: what is not committed is left out: new"]


def test_nothing_of_a_repositorys_own_runs(repo: Repo, fetcher: Fetcher, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    script = tmp_path / "evil"
    script.write_text(f"#!/bin/sh\necho $0 $@ >>{ran}\ncat\n")
    script.chmod(0o755)
    repo.commit(x="1", y="1", _gitattributes="x filter=evil\ny filter=a=b\n")
    (repo.path / "_gitattributes").rename(repo.path / ".gitattributes")
    repo.commit()
    for key in (
        "core.fsmonitor",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "filter.a=b.clean",
        "uploadpack.packObjectsHook",
        "core.sshCommand",
        "core.pager",
        "core.alternateRefsCommand",
        "tar.tar.command",
        "diff.external",
    ):
        repo.git("config", key, str(script))
    for name in ("post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc"):
        shutil.copy(script, repo.path / ".git" / "hooks" / name)
    (repo.path / "x").write_text("2")
    (repo.path / "y").write_text("2")
    for name in ("x", "y"):
        os.utime(repo.path / name, (1, 1))
    ran.unlink(missing_ok=True)
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(repo.path / ".git" / "config", home / ".gitconfig")
    fetcher.environ.update(
        HOME=str(home),
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0="core.fsmonitor",
        GIT_CONFIG_VALUE_0=str(script),
        GIT_TEMPLATE_DIR=str(repo.path / ".git"),
        GIT_EXTERNAL_DIFF=str(script),
    )
    assert tree(Path(fetcher(repo.url).path))["x"] == b"1"
    assert any("not committed" in line for line in fetcher.lines)
    assert not ran.exists(), ran.read_text()


def test_what_is_exported_follows_the_tree_alone(repo: Repo, fetcher: Fetcher) -> None:
    repo.commit(x="$Format:%H$", hidden="1")
    (repo.path / ".gitattributes").write_text("x export-subst\nhidden export-ignore\n")
    repo.commit()
    found = tree(Path(fetcher(repo.url).path))
    assert found == {
        ".gitattributes": b"x export-subst\nhidden export-ignore\n",
        "x": b"$Format:%H$",
    }


def test_a_link_that_leads_outside_is_refused(repo: Repo, fetcher: Fetcher) -> None:
    (repo.path / "l").symlink_to("../../etc/passwd")
    repo.commit()
    with pytest.raises(Trouble, match="leads outside"):
        fetcher(repo.url)


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can give a repository to another")
def test_another_users_repository(repo: Repo, fetcher: Fetcher, tmp_path: Path) -> None:
    repo.commit(x="1")
    for folder, names, files in os.walk(repo.path):
        for name in (".", *names, *files):
            os.chown(os.path.join(folder, name), 2, 2)  # noqa: PTH118
    with pytest.raises(Trouble, match="another user's") as error:
        fetcher(repo.url)
    assert "safe.directory" in error.value.hint
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f"[safe]\n\tdirectory = {repo.path}\n")
    fetcher.environ["HOME"] = str(home)
    assert tree(Path(fetcher(repo.url).path)) == {"x": b"1"}


def test_a_mirror_that_a_killed_git_left_locked(repo: Repo, fetcher: Fetcher) -> None:
    repo.commit(x="1")
    fetcher(repo.url)
    mirror = next(Path(fetcher.store.first).glob("*-private-git/*-repo/sha1"))
    for name in ("config.lock", "packed-refs.lock", "objects/pack/tmp_pack_x"):
        (mirror / name).write_text("")
    ref = next((mirror / "refs" / "enve").iterdir())
    (ref.parent / (ref.name + ".lock")).write_text("")
    repo.commit(x="2")
    assert tree(Path(fetcher(repo.url, refresh="always").path)) == {"x": b"2"}
    assert not list(mirror.rglob("*.lock"))


def test_what_everybody_may_read_is_kept_for_all(repo: Repo, fetcher: Fetcher) -> None:
    repo.commit(x="1")
    hidden = not all(folder.stat().st_mode & 1 for folder in repo.path.parents)
    found = fetcher(repo.url)
    assert found.private == hidden
    assert ("-private-checkout/" in found.path) == hidden


def test_a_url_of_a_shell_or_an_option_is_none() -> None:
    for text in ("git+ext::sh -c x", "git+file://-x", "git+ssh://-oProxyCommand=x/y", "ext::x"):
        with pytest.raises(Bad):
            urls.parse(text)
