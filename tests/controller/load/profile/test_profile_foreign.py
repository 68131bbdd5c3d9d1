"""What a stranger's profile cannot do to the machine that loads it."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tracemalloc
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from enve.app.checkout import here
from enve.errors import EnveError, InputError
from enve.load.chain.artifact import Built
from enve.load.inventory.inventory import load_domain
from enve.load.plan.plan import load_plan
from enve.load.profile.profiles import Asked, Checked, Profiles
from enve.load.template import effort
from enve.load.yaml.file import parse_yaml
from enve_fire.core.product import Product
from enve_fire.core.trouble import Trouble
from enve_fire.core.url import Url, parse

SOURCES = ("command: [touch, MARK]", "file: OUTSIDE", "env: CANARY")
FORMS = (
    "vars: {a: !secret {secret: {SOURCE}}}",
    "vars: {a: !secret {SOURCE}}",
    "vars: {a: !secret [{secret: {SOURCE}}]}",
    "vars: {a: {b: [!secret {secret: {SOURCE}}]}}",
    "vars: &v {a: {secret: {SOURCE}}}\nx: !secret {<<: *v}",
    "vars: {<<: !secret {secret: {SOURCE}}, a: 1}",
    "vars: {a: {secret: {SOURCE}}}",
    'vars: {a: \'{{ lookup("file", "OUTSIDE") }}{{ secret.env }}\'}',
    "vars: {c: 'touch MARK', a: !secret {secret: {command: [sh, -c, '{{ c }}']}}}",
    "secrets: {a: {SOURCE}}\nvars: {a: !secret a}",
    "vars: {a: !secret pw}\nprofiles: {x: {vars: {a: !secret {secret: {SOURCE}}}}}",
    "vars: {a: 1}\nrun: {cmd: x, env: {A: !secret {secret: {SOURCE}}}}",
    "vars: {a: 1}\nsetup: {files: [{path: f, template: !secret {secret: {SOURCE}}}]}",
    "vars: {a: 1}\nsetup: {files: [{path: f, template_file: 'OUTSIDE'}]}",
    "vars: {a: 1}\nsetup: {files: [{path: f, copy: '../outside'}]}",
    "vars: {a: 1}\nsetup: {files: [{path: f, copy: link}]}",
    "vars: {a: 1}\nsetup: {files: [{path: f, template: \"{% include 'link' %}\"}]}",
    "vars: {a: 1}\nsetup: {files: [{path: f, template: \"{% include '../outside' %}\"}]}",
    "vars: {a: 1}\nbuild: {run: \"{% include 'OUTSIDE' %}\"}",
    "vars: {a: 1}\nsetup: {files: [{path: f, template: \"{% extends 'link' %}\"}]}",
    "vars: {a: 1}\nbuild: {run: \"{% import '/etc/passwd' as x %}{{ x }}\"}",
    "vars: {a: 1}\ndeps: {build: [{url: 'DEP', config: {vars: {a: !secret {secret: {SOURCE}}}}}]}",
    "vars: {a: 1}\ndeps: {build: [{url: 'DEP', set: {a: !secret {secret: {SOURCE}}}}]}",
    "vars: {a: 1}\ndeps: {build: [{url: 'DEP', profile: {enve: 1, title: b, "
    "vars: {a: !secret {secret: {SOURCE}}}, build: {run: '{{ a }}'}}}]}",
)
USES = "setup: {files: [{path: g, template: '{{ a }}'}]}\n"
VERBS = (("profile", "show"), ("profile", "lint"), ("build",))


class Hostile:
    """A repository of somebody else's, and a file beside it that is none of his business."""

    def __init__(self, top: Path) -> None:
        self.top, self.repo = top, top / "repo"
        (top / "outside").write_text("canary-of-a-file\n")
        (top / "h").mkdir()
        self.repo.mkdir()
        self.env = {**os.environ, "HOME": str(top / "h"), "CANARY": "canary-of-a-variable"}
        self.env["ENVE_STORE"] = str(top / "store")
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> None:
        who = ("-c", "user.name=me", "-c", "user.email=me@x")
        subprocess.run(["git", *who, "-C", str(self.repo), *words], check=True)

    @property
    def url(self) -> str:
        return f"git+file://{self.repo}"

    def says(self, form: str, source: str) -> None:
        text = form.replace("{SOURCE}", "{" + source + "}").replace("SOURCE", source)
        text = text.replace("MARK", str(self.top / "mark")).replace("DEP", self.url)
        text = text.replace("OUTSIDE", str(self.top / "outside"))
        if "link" in text:
            (self.repo / "link").symlink_to(self.top / "outside")
        uses = "" if "setup:" in text else USES
        (self.repo / "enve.yml").write_text(f"enve: 1\ntitle: a\n{text}\n{uses}")
        self.git("add", "-A")
        self.git("commit", "-qm", "x", "--allow-empty")


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hostile:
    found = Hostile(tmp_path)
    monkeypatch.setenv("ENVE_STORE", found.env["ENVE_STORE"])
    monkeypatch.setenv("CANARY", found.env["CANARY"])
    return found


class Watch:
    """What this process opens and starts, as Python's own audit tells it."""

    on = False
    seen: list[str]

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if self.on and event in ("open", "subprocess.Popen", "os.exec", "os.posix_spawn"):
            self.seen.append(f"{event} {args[0]} {args[1] if len(args) > 1 else ''}")


WATCH = Watch()


@pytest.fixture(scope="module", autouse=True)
def _audited() -> None:
    sys.addaudithook(WATCH)  # there is no taking it away; it does nothing when it is off


@pytest.fixture
def seen() -> Iterator[list[str]]:
    WATCH.seen, WATCH.on = [], True
    yield WATCH.seen
    WATCH.on = False


def tried(hostile: Hostile, spot: str, **options: Any) -> str:
    (hostile.top / "inventory.yml").write_text("domain: d\nnodes: {n: {home: /h}}\n")
    plan = hostile.top / "plan.yml"
    plan.write_text(f"plan: p\nsecrets: {{pw: {{env: HOME}}}}\nspots: {{n.web: {{{spot}}}}}\n")
    domain = load_domain([hostile.top / "inventory.yml"])
    try:
        made = load_plan(
            plan,
            domain,
            None,
            artifacts=hostile.top / "a",
            checkout=here(refresh=True),
            **options,
        )
    except EnveError as error:
        return str((error.message, error.hint, error.notes))
    except ExceptionGroup as errors:
        return str([(one, getattr(one, "notes", "")) for one in errors.exceptions])
    blobs = [blob.data for blob in made.blobs.values()]
    return str((made.nodes["n"].lines, blobs))


@pytest.mark.parametrize("form", FORMS)
def test_no_plan_reads_or_runs_for_it(form: str, hostile: Hostile, seen: list[str]) -> None:
    which = ", profile: x" if "profiles:" in form else ""
    for source in SOURCES if form == FORMS[0] else SOURCES[:1]:
        hostile.says(form, source)
        told = tried(hostile, f"commit: {{url: '{hostile.url}'{which}}}")
        assert "canary" not in told
        assert "root:" not in told
    assert not (hostile.top / "mark").exists()
    for one in seen:
        assert "touch" not in one
        assert str(hostile.top / "outside") not in one


def test_nor_as_a_dep_nor_does_any_verb(hostile: Hostile) -> None:
    """As a dep it would be told by the parent's own profile, in the clear."""
    own = hostile.top / "own"
    own.mkdir()
    dep = f"deps: {{build: [{{url: '{hostile.url}'}}]}}\n"
    (own / "enve.yml").write_text(f"enve: 1\ntitle: own\n{dep}build: {{run: 'true'}}\n")
    form = "vars: {a: !secret {secret: {SOURCE}}}\nbuild: {run: 'echo {{ a }}'}"
    for source, verb in zip(SOURCES, VERBS, strict=True):
        hostile.says(form, source)
        for url in (hostile.url, str(own)):
            words = [sys.executable, "-m", "enve", *verb, "--refresh"]
            done = subprocess.run(
                [*words, url],
                env=hostile.env,
                cwd=hostile.top,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode
            assert "!secret" in done.stderr
            assert "canary" not in done.stdout + done.stderr
    assert not (hostile.top / "mark").exists()


PIN = "#sha256=" + "0" * 64


@pytest.mark.parametrize(
    ("text", "brought"),
    [
        ("file://TOP/root.tar", ""),
        ("TOP/root.tar", ""),
        ("../root.tar", ""),
        ("./root.tar", ""),  # beside the plan, and not in the product
        ("./link.tar", ""),
        ("{{ top }}/root.tar", ""),
        ("https://h/root.tar", ""),
        (f"https://h/root.tar{PIN}", f"https://h/root.tar{PIN}"),
        ("./in/root.tar", "repo/in/root.tar"),
    ],
)
def test_the_files_of_a_root_are_not_those_of_the_machine(
    text: str, brought: str, hostile: Hostile
) -> None:
    """Who marches reads them with his own rights."""
    asked: list[str] = []

    def bring(where: Url) -> Path:
        if where.base.startswith("/") and not Path(where.base).exists():
            raise Trouble(80, f"{where.base}: No such file", "config: {settle: {from: tar:URL}}")
        asked.append(where.text)
        return hostile.top / "root.tar"

    (hostile.repo / "in").mkdir()
    for folder in (hostile.top, hostile.repo / "in"):
        with tarfile.open(folder / "root.tar", "w"):
            pass
    if "link" in text:
        (hostile.repo / "link.tar").symlink_to(hostile.top / "root.tar")
    text = text.replace("TOP", str(hostile.top))
    hostile.says(f"vars: {{a: 1, top: {hostile.top}}}\nsettle: {{from: 'tar:{text}'}}", "")
    mine = f"config: {{settle: {{from: 'tar:{hostile.top}/root.tar'}}}}"
    push = f"url: {hostile.repo}, artifact: push"
    fetched = f"url: '{hostile.url}'"
    if "link" not in text:
        told = tried(hostile, f"commit: {{{fetched}}}", bring=bring)
        assert brought or "config: {settle: {from: tar:URL}}" in told
        assert [one.rpartition("/")[2] for one in asked] == ([Path(brought).name] * bool(brought))
        assert str(hostile.top / "root.tar") not in "".join(asked)
    asked.clear()
    tried(hostile, f"commit: {{{push}}}", bring=bring, build=_built)
    assert [one.endswith(brought) for one in asked] == [True] * bool(brought)
    asked.clear()
    tried(hostile, f"commit: {{{push}, {mine}}}", bring=bring, build=_built)
    assert asked == [f"file://{hostile.top}/root.tar"]


def _built(product: Product) -> Built:
    raise Trouble(82, "not built")


# -- what it uses up ------------------------------------------------------------------------------
MANY = range(200)


def _many(row: str) -> str:
    return ", ".join(row.replace("I", str(i)) for i in MANY)


X = "\"{{ 'x' * 500000 }}\""
LARGE = {
    "values": f"run: {{cmd: [{_many(X)}]}}",
    "variables": f"vars: {{{_many('vI: ' + X)}}}\nbuild: {{run: [" + _many("'{{ vI[0] }}'") + "]}",
    "copies": f"setup: {{files: [{_many('{path: fI, copy: large}')}]}}",
    "files": f"setup: {{files: [{_many('{path: fI, template: ' + X + '}')}]}}",
}


@pytest.mark.parametrize("way", LARGE)
def test_all_that_a_profile_makes_is_bounded(way: str, tmp_path: Path, profiles: Profiles) -> None:
    lie(tmp_path, "a", LARGE[way])
    (tmp_path / "a" / "large").write_text("x" * 1_000_000)
    lie(tmp_path, "own", rows("git+https://h/a"))
    for product in ("git+https://h/a", f"{tmp_path}/own"):
        if way in ("copies", "files") and product.endswith("own"):
            continue  # nobody sets up what another one needs
        tracemalloc.start()
        with pytest.raises(InputError, match="all together make more than 32 MiB") as caught:
            profiles.product(parse(product))
        assert tracemalloc.get_traced_memory()[1] < 80 << 20
        tracemalloc.stop()
        assert caught.value.where is not None


def test_and_the_time_that_it_takes(
    tmp_path: Path, profiles: Profiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effort, "TOGETHER", 0.2)
    slow = "{% for i in range(99999) %}{% set x = i %}{% endfor %}"
    lie(tmp_path, "a", f"run: {{cmd: [{_many(repr(slow))}]}}")
    with pytest.raises(InputError, match="all together"):
        profiles.product(parse("git+https://h/a"))
    lie(tmp_path, "b", "")
    assert profiles.product(parse("git+https://h/b"))  # each product has its own


# -- what it needs --------------------------------------------------------------------------------
STORED = "store:main/" + "a" * 32 + "-b"
FAR = ("git+https://h/b", "git+ssh://h/b", "https://h/b.tar")
NEAR = ("/b", "file:///b", "file:///b.tar", "git+file:///b", "git+FILE:///b", "./b", STORED)


@pytest.fixture
def profiles(tmp_path: Path) -> Profiles:
    """Each repository in a folder of its name, by way of a link."""
    (tmp_path / "way").symlink_to(tmp_path)

    def checkout(url: Url, _options: Mapping[str, Any]) -> Checked:
        name = url.ref[33:] or url.base.rpartition("/")[2].removesuffix(".tar")
        return Checked(tmp_path / "way" / name, f"tree:{name}", url)

    return Profiles(checkout)


def lie(tmp_path: Path, name: str, more: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "enve.yml").write_text(f"enve: 1\ntitle: {name}\n{more}\n")


def rows(url: str, more: str = "") -> str:
    return f"deps: {{build: [{{url: '{url}'{more}}}]}}"


@pytest.mark.parametrize("near", NEAR)
@pytest.mark.parametrize("parent", [*FAR, STORED])
def test_what_was_fetched_needs_nothing_of_this_machine(
    parent: str, near: str, tmp_path: Path, profiles: Profiles
) -> None:
    lie(tmp_path, "b", rows(near))
    with pytest.raises(InputError, match="url of a dep: "):
        profiles.product(parse(parent))
    lie(tmp_path, "own", rows(parent))
    with pytest.raises(InputError, match="url of a dep: "):
        profiles.product(parse(str(tmp_path / "own")))


@pytest.mark.parametrize("way", ["config: {%s}", "profile: {enve: 1, title: x, %s}"])
@pytest.mark.parametrize("near", NEAR)
def test_nor_in_what_it_says_about_others(
    way: str, near: str, tmp_path: Path, profiles: Profiles
) -> None:
    lie(tmp_path, "a", rows("git+https://h/b", ", " + way % rows(near)))
    lie(tmp_path, "b", "")
    with pytest.raises(InputError, match="url of a dep: "):
        profiles.product(parse("git+https://h/a"))


@pytest.mark.parametrize("url", [one for one in (*FAR, *NEAR) if one not in ("./b", NEAR[4])])
def test_what_is_here_needs_what_it_likes(url: str, tmp_path: Path, profiles: Profiles) -> None:
    lie(tmp_path, "a", rows(url))
    lie(tmp_path, "b", "")
    for parent in (f"{tmp_path}/a", "git+file:///a", "file:///a.tar"):
        assert profiles.product(parse(parent))[1].table["deps"]


def test_nor_is_it_a_stranger_who_says_it_in_a_plan(tmp_path: Path, profiles: Profiles) -> None:
    lie(tmp_path, "a", "")
    lie(tmp_path, "b", "")
    config = parse_yaml(rows("git+file:///b").encode(), str(tmp_path / "plan.yml"))
    found = profiles.product(parse("git+https://h/a"), Asked(config=config))[1]
    assert found.table["deps"]["build"][0]["url"] == "git+file:///b"
