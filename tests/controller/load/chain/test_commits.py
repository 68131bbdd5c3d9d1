"""Spots with a commit: found once, pinned, and written out as the lines of a chain."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.support.contents import plain
from tests.support.fetching import Repo
from tests.support.packed import tar
from tests.support.web import Web
from tests.support.web import web as serve

from enve.app.building import here as pushed
from enve.app.checkout import archives, here
from enve.errors import InputError
from enve.load.chain.artifact import Built
from enve.load.inventory.inventory import load_domain
from enve.load.plan.plan import load_plan
from enve.model.plan import RenderedPlan
from enve_fire.core.product import Product
from enve_pm.core.unit import UnitSpec

INVENTORY = "domain: d.example\nnodes: {n1: {connection: local, home: /h}, n2: {home: /k}}\n"
PROFILE = """
enve: 1
title: tool
version: "1.0"
vars: {port: 80, flags: -O2}
prefix: /opt/tool
build: {run: ["make CFLAGS={{flags}}"]}
setup: {files: [{path: etc/conf, template: "port={{port}}\\n"}]}
run: {cmd: [/opt/tool/bin/tool, -x], reload: {signal: HUP}, env: {MODE: a}}
"""


class Case:
    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = path
        monkeypatch.setenv("ENVE_STORE", str(path / "store"))
        (path / "inventory.yml").write_text(INVENTORY)
        self.domain = load_domain([path / "inventory.yml"])
        self.repo = path / "tool"
        self.repo.mkdir()
        self.git("init", "-q", "-b", "main")
        self.commit(PROFILE)
        self.url = f"git+file://{self.repo}"

    def git(self, *words: str) -> str:
        who = ("-c", "user.name=me", "-c", "user.email=me@x")
        done = subprocess.run(
            ["git", *who, "-C", str(self.repo), *words], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, profile: str) -> None:
        (self.repo / "enve.yml").write_text(profile)
        self.git("add", "-A")
        self.git("commit", "-qm", "x")

    def load(self, spots: str, **options: Any) -> RenderedPlan:
        file = self.path / "plan.yml"
        head = "plan: p\nsecrets: {pw: {env: PW}}\nvars: {base: 7000}\nspots:\n"
        file.write_text(head + spots.replace("URL", self.url))
        options.setdefault("checkout", here(refresh=True))
        return load_plan(file, self.domain, None, artifacts=self.path / "a", **options)

    def lines(self, spots: str, **options: Any) -> dict[str, Any]:
        """By names without what tells contents of one version apart."""
        lines = self.load(spots, **options).nodes["n1"].lines
        for text in lines.values():
            UnitSpec.parse(json.loads(text))
        return {plain(name): json.loads(plain(text)) for name, text in lines.items()}


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    return Case(tmp_path, monkeypatch)


def _with(case: Case, name: str, profile: str = "") -> str:
    """Another product, as a row of deps."""
    repo = Repo(case.path / name)
    repo.commit(**{"enve.yml": f"enve: 1\ntitle: {name}\n{profile}"})
    return f"{{url: '{repo.url}'}}"


BUILD, INSTALL, SETUP = (f"[tool-1.0!{do}@web]" for do in ("build", "install", "setup"))


def test_a_chain(case: Case) -> None:
    lines = case.lines("  n1.web: {commit: 'URL', user: web, nice: 3, env: {http_proxy: p}}")
    assert set(lines) == {"web", BUILD, INSTALL, SETUP}
    web = lines["web"]
    place = "/h/spots/web/tool-1.0"
    assert web["command"] == [f"{place}/opt/tool/bin/tool", "-x"]
    assert web["needs"] == [INSTALL[1:-1], SETUP[1:-1]]
    assert web["on_restart"] == {SETUP[1:-1]: "reload"}
    assert web["reload"] == {"signal": "HUP"}
    assert (web["env"]["MODE"], web["env"]["ROOT"], web["env"]["http_proxy"]) == ("a", place, "p")
    assert (web["env"]["ENVE_TITLE"], web["env"]["ENVE_STAGE"]) == ("tool", "run")
    build, install, setup = (lines[name] for name in (BUILD, INSTALL, SETUP))
    assert build["stage"]["url"] == f"{case.url}#{case.git('rev-parse', 'HEAD')}"
    assert build["stage"]["source"] == "git:" + case.git("rev-parse", "HEAD^{tree}")
    assert "setup" not in build["stage"]["table"]
    assert build["stage"]["table"]["build"] == {"run": ["make CFLAGS=-O2"]}
    assert build["start_timeout"] == 3_600_000
    assert (install["needs"], setup["needs"]) == ([BUILD[1:-1]], [INSTALL[1:-1]])
    for line in (build, install, setup):
        assert (line["user"], line["nice"]) == ("web", 3)
        assert line["env"] == {"http_proxy": "p"}
    ((name, file),) = setup["files"].items()
    assert file == {"sha256": name, "size": 8, "mode": 0o600}
    assert setup["stage"]["table"]["setup"]["files"][0]["sha256"] == name


def test_how_it_fetches_is_the_plans_matter(case: Case) -> None:
    """No product says it, and what else the spot's variables say is for what runs."""
    case.commit(PROFILE.replace("env: {MODE: a}", "env: {GIT_SSH_COMMAND: x, all_proxy: y}"))
    env = "{SSL_CERT_FILE: /ca, ENVE_JOBS: '2', NO_PROXY: h, LD_PRELOAD: x, ENVE_STORE: /s}"
    lines = case.lines(f"  n1.web: {{commit: 'URL', env: {env}}}")
    for name in (BUILD, INSTALL, SETUP):
        assert lines[name]["env"] == {"SSL_CERT_FILE": "/ca", "ENVE_JOBS": "2", "NO_PROXY": "h"}
    assert lines["web"]["env"]["GIT_SSH_COMMAND"] == "x"


def test_each_content_of_a_version_has_a_name_of_its_own(case: Case) -> None:
    """So one is prepared beside the other that runs, and is there to go back to."""

    def place(more: str = "") -> str:
        lines = case.load(f"  n1.web: {{commit: {{url: 'URL'{more}}}}}").nodes["n1"].lines
        return Path(json.loads(lines["web"])["env"]["ROOT"]).name

    first = place()
    assert re.fullmatch(r"tool-1[.]0[+][a-z2-7]{8}", first)
    assert place(", set: {port: 81}") == first
    assert place(", set: {flags: -O3}") != first
    (case.repo / "code").touch()
    case.commit(PROFILE)
    assert place() != first
    case.commit(PROFILE.replace('version: "1.0"', ""))
    assert re.fullmatch(r"tool-[a-z2-7]{8}", place())
    assert place(", place: /srv") == "srv"


def test_what_is_set_up_makes_no_other_build(case: Case) -> None:
    spots = "  n1.web: {commit: {url: 'URL', config: {vars: {port: '{{ base + %d }}'}}}}"
    first, second = case.lines(spots % 1), case.lines(spots % 2)
    assert {name for name in first if first[name] != second[name]} == {SETUP}


@pytest.mark.parametrize(
    ("more", "text"), [("", ".enve/env"), (", place: /shared", ".enve/installs/tool-1.0.env")]
)
def test_what_runs_with_others_reads_where_they_are(case: Case, more: str, text: str) -> None:
    """Only the node knows that; the words themselves are what they would be."""
    case.commit(PROFILE + f"deps: {{run: [{_with(case, 'lib')}]}}\n")
    command = case.lines(f"  n1.web: {{commit: {{url: 'URL'{more}}}}}")["web"]["command"]
    assert command[:4] == ["/bin/sh", "-c", f'. "$ROOT/{text}" && exec "$@"', "sh"]
    assert command[4].endswith("/opt/tool/bin/tool")
    assert command[5:] == ["-x"]


def test_whoever_asks_how_it_is_finds_what_it_finds(case: Case) -> None:
    """Readiness, health and reload: programs of what it runs with, and its own by its prefix."""
    case.commit(PROFILE + f"deps: {{run: [{_with(case, 'lib')}]}}\n")
    web = case.lines(
        "  n1.web: {commit: 'URL', ready: {check: [/opt/tool/bin/tool, $ROOT]},"
        " health: {command: lib-ping -q, every: 1m}, reload: [sh, -c, lib-ping $MAINPID]}"
    )["web"]
    lead = ["/bin/sh", "-c", '. "$ROOT/.enve/env" && exec "$@"', "sh"]
    place = "/h/spots/web/tool-1.0"
    assert web["check"] == [*lead, f"{place}/opt/tool/bin/tool", place]
    assert web["health"]["command"] == [*lead, "lib-ping", "-q"]
    assert web["health"]["every"] == 60_000
    assert web["reload"]["command"] == [*lead, "sh", "-c", "lib-ping $MAINPID"]


def test_the_spots_own_keys_win(case: Case) -> None:
    lines = case.lines(
        "  n1.web: {commit: 'URL', run: '/opt/tool/bin/other a', reload: kill -USR1 $MAINPID,"
        " env: {MODE: b}, needs: [db]}\n  n1.db: {run: x}"
    )
    web = lines["web"]
    assert web["command"] == ["/h/spots/web/tool-1.0/opt/tool/bin/other", "a"]
    assert web["reload"] == {"signal": "USR1"}
    assert web["env"]["MODE"] == "b"
    assert web["needs"][0] == "db"


def test_a_relative_path_of_the_profiles_is_in_the_softwares_folder(case: Case) -> None:
    """As where it is tried out (`enve run`); what a plan says is relative to the spot's."""
    run = "run: {cmd: [./serve, -x], reload: [bin/tell, ./x]}"
    case.commit(PROFILE.replace(PROFILE[PROFILE.index("run: {cmd") :], run))
    place = "/h/spots/web/tool-1.0/opt/tool"
    web = case.lines("  n1.web: {commit: 'URL'}")["web"]
    assert web["command"] == [f"{place}/./serve", "-x"]
    assert web["reload"] == {"command": [f"{place}/bin/tell", "./x"]}
    web = case.lines("  n1.web: {commit: 'URL', run: ./own, reload: ./other}")["web"]
    assert (web["command"], web["reload"]) == (["./own"], {"command": ["./other"]})


@pytest.mark.parametrize("cmd", ["[$SRC/serve]", "'cat ${SRC}/x'", "{sh: 'cat $SRC/x'}"])
def test_what_runs_from_the_source_does_not_run_on_nodes(case: Case, cmd: str) -> None:
    case.commit(PROFILE.replace("[/opt/tool/bin/tool, -x]", cmd))
    with pytest.raises(InputError, match=r"runs what lies in \$SRC, which no node keeps"):
        case.load("  n1.web: {commit: 'URL'}")
    assert case.lines("  n1.web: {commit: 'URL', run: /opt/tool/x}")["web"]["command"]


def test_all_get_the_same_commit_and_each_its_own_folder(case: Case) -> None:
    plan = case.load("  '*.web': {commit: 'URL#main'}")
    one, two = (
        {plain(name): json.loads(plain(text)) for name, text in plan.nodes[node].lines.items()}
        for node in ("n1", "n2")
    )
    assert one[BUILD] == two[BUILD]
    assert two["web"]["env"]["ROOT"] == "/k/spots/web/tool-1.0"


def test_secret_variables_are_named_so_that_nobody_is_shown_them(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PW", "hunter2")
    profile = PROFILE.replace("flags: -O2", "flags: -O2, b: !secret pw")
    case.commit(profile.replace("MODE: a", "PW: !secret pw, LINK: 'x:{{b}}'"))
    spots = "  n1.web: {commit: {url: 'URL', secrets: pw}, env: {A: b, https_proxy: !secret pw}}\n"
    lines = case.lines(spots + "  n1.db: {run: x, env: {D: !secret pw, E: f}}")
    assert lines["web"]["secret_env"] == ["LINK", "PW", "https_proxy"]
    assert lines["db"]["secret_env"] == ["D"]
    assert lines[BUILD]["secret_env"] == ["https_proxy"]
    shadowed = "  n1.web: {commit: {url: 'URL', secrets: [pw]}, env: {PW: '', LINK: ''}}"
    assert "secret_env" not in case.lines(shadowed)["web"]


def test_what_is_made_from_a_secret_and_is_blank_hides_nothing(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PW", "hunter2")
    profile = PROFILE.replace("flags: -O2", 'flags: -O2, pw: !secret pw, b: "{{pw[:0]}}"')
    profile = profile.replace("MODE: a", 'PW: "{{b}}"')
    case.commit(profile.replace('"port={{port}}\\n"', '"{{b}}\\n"'))
    plan = case.load("  n1.web: {commit: {url: 'URL', secrets: [pw]}}").nodes["n1"]
    assert plan.secrets == {"hunter2"}
    lines = {plain(name): json.loads(text) for name, text in plan.lines.items()}
    assert lines["web"]["command"][0].endswith("/bin/tool")
    assert "secret_env" not in lines["web"]


def test_secrets_travel_as_files_that_are_not_shown(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PW", "hunter2")
    case.commit(PROFILE.replace('"port={{port}}\\n"', "!secret pw"))
    plan = case.load("  n1.web: {commit: {url: 'URL', secrets: [pw]}}").nodes["n1"]
    assert "hunter2" not in "".join(plan.lines.values())
    assert plan.secrets == {"hunter2"}
    lines = {plain(name): text for name, text in plan.lines.items()}
    (row,) = json.loads(lines[SETUP])["stage"]["table"]["setup"]["files"]
    assert (row["mode"], row["secret"]) == (0o600, True)


def test_a_product_gets_the_secrets_that_the_plan_hands_over(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the plan writes itself may name each; what comes with the product none by itself."""
    monkeypatch.setenv("PW", "hunter2")
    asks = PROFILE.replace("MODE: a", "PW: !secret pw")
    case.commit(asks)
    for keys in ("", ", secrets: []", ", profile: default"):
        with pytest.raises(InputError, match="wants the secret 'pw', and is not given it") as error:
            case.load(f"  n1.web: {{commit: {{url: 'URL'{keys}}}}}")
        assert "secrets: [pw]" in error.value.hint
        assert "hunter2" not in str(error.value)
    with pytest.raises(InputError, match="no secret is called 'pww'"):
        case.load("  n1.web: {commit: {url: 'URL', secrets: [pww]}}")
    case.commit(PROFILE)
    inline = "{enve: 1, title: x, run: {cmd: x, env: {PW: !secret pw}}}"
    for more in ("config: {run: {env: {PW: !secret pw}}}", f"profile: {inline}"):
        lines = case.lines(f"  n1.web: {{commit: {{url: 'URL', {more}}}}}")
        assert lines["web"]["env"]["PW"] == "hunter2"
    case.commit(PROFILE.replace("MODE: a", "PW: '{{ flags }}'"))
    given = "  n1.web: {commit: {url: 'URL', config: {vars: {flags: !secret pw}}}}"
    with pytest.raises(InputError, match="a secret can't stand in build"):
        case.load(given)


def test_a_profile_of_the_plans_own(case: Case) -> None:
    inline = (
        "{enve: 1, title: x, version: '1', vars: {a: 5}, prefix: /p, run: {cmd: [sleep, '{{a}}']}}"
    )
    lines = case.lines(f"  n1.web: {{commit: {{url: 'URL', profile: {inline}}}}}")
    assert lines["web"]["command"] == ["sleep", "5"]
    assert set(lines) == {"web", *(f"[x-1!{do}@web]" for do in ("build", "install", "setup"))}


def test_an_artifact_that_is_pushed(case: Case, tmp_path: Path) -> None:
    made = tmp_path / "made"
    (made / "opt/tool").mkdir(parents=True)
    (made / "opt/tool/x").write_text("x")
    lines = case.lines(
        "  n1.web: {commit: {url: 'URL', artifact: push}}",
        build=lambda product: Built(made, product.source, ["Linux", "x", "y"]),
    )
    assert lines[BUILD]["product"]["kind"] == "tar"
    assert lines[BUILD]["stage"]["platform"] == ["Linux", "x", "y"]
    assert "product" not in lines[INSTALL]


def test_what_is_not_built_lies_at_its_prefix_when_it_is_pushed(case: Case) -> None:
    profile = "{enve: 1, title: x, prefix: /opt/x, run: {cmd: [sleep]}}"
    spot = f"  n1.web: {{commit: {{url: 'URL', artifact: push, profile: {profile}}}}}"
    (sha,) = {
        line["product"]["sha256"]
        for line in case.lines(spot, build=pushed()).values()
        if "product" in line
    }
    with tarfile.open(next(case.path.glob(f"a/**/*{sha}*"))) as archive:
        assert "opt/x/enve.yml" in [name.removeprefix("./") for name in archive.getnames()]


@pytest.fixture
def made(case: Case) -> Iterator[tuple[Web, str]]:
    """A web server that has a package, its url, and an archive that is none: /plain.tar.gz"""
    case.commit(PROFILE.replace("make CFLAGS={{flags}}", "mkdir -p $OUT$PREFIX; touch $OUT/x"))
    words = [sys.executable, "-m", "enve", "makepkg", case.url, "-o", str(case.path / "p.tar.gz")]
    subprocess.run(words, env={**os.environ, "HOME": str(case.path)}, check=True)
    with serve() as web:
        web.put("/plain.tar.gz", gzip.compress(tar(("a/b", b""))))
        yield web, web.put("/p.tar.gz", (case.path / "p.tar.gz").read_bytes())


def test_an_artifact_that_is_fetched(case: Case, made: tuple[Web, str]) -> None:
    row = "  n1.web: {commit: {url: 'URL', artifact: '%s', config: {%s}}}"
    sha = sha256((case.path / "p.tar.gz").read_bytes()).hexdigest()
    body = case.lines(row % (made[1], ""))[BUILD]["stage"]
    assert body["artifact"] == f"{made[1]}#sha256={sha}"
    (case.path / "folder").mkdir()
    plain = made[0].url("/plain.tar.gz")
    (case.path / "plain.tar.gz").write_bytes(b"")
    for url, more, told in (
        (
            made[1],
            "title: x",
            f"artifact of commit of spot 'n1.web': {made[1]} is a package of too",
        ),
        (made[1], "prefix: /opt/x", "is for the prefix /opt/tool, and not for /opt/x"),
        (plain, "", "is no package"),
        (made[0].url("/nothing.tar.gz"), "", "404"),
        ("./folder", "", "wanted a package by http(s)"),
        ("./plain.tar.gz", "", "wanted a package by http(s)"),
        (case.url, "", "wanted a package by http(s)"),
    ):
        with pytest.raises(InputError) as caught:
            case.load(row % (url, more))
        assert told in str(caught.value)
        assert caught.value.where is not None
    case.commit(PROFILE + "# another source\n")
    with pytest.raises(InputError, match="was built of git:"):
        case.load(row % (made[1], ""))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("prefix: /opt/a", "prefix: /opt/b"),
        ("install: {setuid: [bin/a]}", "install: {setuid: [bin/b]}"),
        ("checkout: {subdir: sub}", "build: {run: [make]}"),
        ("deps: {build: [{url: 'URL'}]}", "deps: {build: [{url: 'URL', set: {flags: -g}}]}"),
    ],
)
def test_another_build_is_another_artifact(
    case: Case, tmp_path: Path, one: str, other: str
) -> None:
    """And what is set up in another way is none."""
    (case.repo / "sub").mkdir()
    (case.repo / "sub/enve.yml").write_text(PROFILE)
    case.commit(PROFILE)
    made = []

    def build(product: Product) -> Built:
        made.append(tmp_path / f"made{len(made)}")
        made[-1].mkdir()
        (made[-1] / f"x{len(made)}").write_text("x")
        return Built(made[-1], product.source, ["Linux", "x", "y"])

    row = "  n1.%s: {commit: {url: 'URL', artifact: push, config: {%s}}}\n"
    rows = (("a", one), ("b", other), ("c", "vars: {port: 1}, " + one))
    spots = "".join(row % each for each in rows)
    lines = case.lines(spots, build=build)
    a, b, c = (lines[f"[tool-1.0!build@{name}]"]["product"]["sha256"] for name in "abc")
    assert a == c != b
    assert len(made) == 2


@pytest.mark.parametrize(
    ("spots", "error"),
    [
        ("  n1.web: {commit: 'URL#nothing'}", "commit of spot 'n1.web': "),
        ("  n1.web: {commit: ./tool}", "is a folder of this machine"),
        (
            "  n1.web: {commit: {url: 'URL', config: {deps: {run: [{url: ./tool}]}}}}",
            "/tool, which tool-1.0 needs, is a folder of this machine",
        ),
        (
            "  n1.web: {commit: {url: 'URL', config: {install: {mode: hardlink}}}}",
            "is not installed by hard links",
        ),
        (
            "  n1.web: {commit: {url: ./tool, artifact: 'https://h/a.tar.gz'}}",
            "is a folder of this machine",
        ),
        ("  n1.web: {commit: {url: 'URL', profile: nope}}", "no profile is called 'nope'"),
        ("  n1.web: {commit: {url: 'URL', set: {run.cmd: ''}}}", ""),
        ("  n1.web: {commit: {url: 'URL', config: {install: {mode: none}}}}", "has no install"),
        ("  n1.web: {commit: {url: 'URL', config: {vars: {prot: 1}}}}", "has no variable 'prot'"),
        (
            "  n1.web: {commit: {url: 'URL', config: {settle: {from: {debootstrap: {suite: x}}}}}}",
            "no plan makes a root by debootstrap",
        ),
        (
            "  n1.web: {commit: {url: 'URL', config: {settle: {from: 'tar:git+https://h/a'}}}}",
            "wanted an archive",
        ),
        (
            "  n1.a: {commit: {url: 'URL', place: /srv}}\n"
            "  n1.b: {commit: {url: 'URL', place: /srv, set: {port: 2}}}",
            "E_SETUP_CONFLICT",
        ),
        (
            "  n1.a: {commit: {url: 'URL', place: /srv}}\n"
            "  n1.b: {commit: {url: 'URL', place: /srv, set: {version: '2'}}}",
            "E_PLACE_CONFLICT: [tool-1.0!install@a] and [tool-2!install@b] of n1 install two "
            "versions of tool in /srv",
        ),
    ],
)
def test_what_is_refused(case: Case, spots: str, error: str) -> None:
    with pytest.raises(InputError) as caught:
        case.load(spots)
    assert error in str(caught.value)
    assert caught.value.where is not None


@pytest.mark.parametrize(
    ("commit", "code"),
    [
        ("{url: 'git+file:///nonexistent/tool#v1'}", 80),
        ("{url: 'URL', artifact: push, config: {build: {run: ['false']}}}", 69),
        ("{url: 'git+fil:///x'}", 65),
    ],
)
def test_what_could_not_be_had_here_is_told_by_the_stages_code(
    case: Case, commit: str, code: int
) -> None:
    """69: no builder is given here, as where a plan is only looked at."""
    with pytest.raises(InputError) as caught:
        case.load(f"  n1.web: {{commit: {commit}}}")
    assert caught.value.exit_code == code
    assert caught.value.where is not None


def test_a_root_of_its_own(case: Case) -> None:
    config = "{settle: {volumes: [{path: data}], mounts: [{type: bind, src: data, dst: /srv}]}}"
    lines = case.lines(f"  n1.web: {{commit: {{url: 'URL', config: {config}}}}}")
    parts = [name for name in lines if "!settle@web" in name]
    kinds = {name: lines[name]["kind"] for name in parts}
    assert kinds == {
        "[volume-data!settle@web]": "volume",
        "[empty!settle@web]": "volume",
        "[root!settle@web]": "subroot",
        "[mount-1!settle@web]": "mount",
        "[software!settle@web]": "mount",
    }
    software = lines["[software!settle@web]"]
    assert software["mount"]["from"] == "/h/spots/web/tool-1.0/opt/tool"
    assert INSTALL[1:-1] in software["needs"]
    web = lines["web"]
    assert web["root"] == "root!settle@web"
    assert {name[1:-1] for name in parts} < set(web["needs"])
    assert web["command"] == ["/opt/tool/bin/tool", "-x"]  # as it is seen in there
    assert (web["env"]["ROOT"], web["env"]["PREFIX"]) == ("", "/opt/tool")


def test_setup_is_done_in_the_root_by_root(case: Case) -> None:
    etc = '{path: /etc/db.conf, template: "a"}'
    case.commit(PROFILE.replace("setup: {files: [", f"setup: {{files: [{etc}, "))
    settle = "config: {settle: {volumes: [{path: d}]}}"
    lines = case.lines(f"  n1.web: {{commit: {{url: 'URL', {settle}}}}}")
    setup = lines[SETUP]
    assert setup["stage"]["table"]["settle"] == {"volumes": [{"path": "d"}]}
    assert {"software!settle@web", "root!settle@web", INSTALL[1:-1]} < set(setup["needs"])
    assert "settle" not in lines[INSTALL]["stage"]["table"]
    with pytest.raises(InputError, match="only root lays /etc/db\\.conf"):
        case.lines(f"  n1.web: {{user: daemon, commit: {{url: 'URL', {settle}}}}}")
    case.commit(PROFILE)
    lines = case.lines(f"  n1.web: {{user: daemon, commit: {{url: 'URL', {settle}}}}}")
    assert "settle" not in lines[SETUP]["stage"]["table"]
    assert lines[SETUP]["needs"] == [INSTALL[1:-1]]


def test_what_it_runs_with_is_seen_in_its_root(case: Case) -> None:
    inner = _with(case, "z-lib")
    case.commit(PROFILE + f"deps: {{run: [{_with(case, 'lib', f'deps: {{run: [{inner}]}}')}]}}\n")
    lines = case.lines("  n1.web: {commit: {url: 'URL', config: {settle: {volumes: [{path: d}]}}}}")
    web = lines["web"]
    assert web["command"] == ["/opt/tool/bin/tool", "-x"]
    assert web["env"]["PATH"].startswith("/opt/tool/bin:/opt/lib/bin:/opt/z-lib/bin:/usr/")
    assert (web["env"]["DEP_LIB"], web["env"]["DEP_Z_LIB"]) == ("/opt/lib", "/opt/z-lib")
    shown = {name: lines[name]["mount"]["from"] for name in lines if "software" in name}
    assert shown == {
        "[software!settle@web]": "/h/spots/web/tool-1.0/opt/tool",
        "[software-1!settle@web]": "/h/spots/web/tool-1.0/opt/lib",
        "[software-2!settle@web]": "/h/spots/web/tool-1.0/opt/z-lib",
    }
    assert {name[1:-1] for name in shown} < set(web["needs"])
    assert all(lines[name]["stage"]["along"] for name in (BUILD, INSTALL, SETUP))


def test_each_has_a_prefix_of_its_own_there(case: Case) -> None:
    case.commit(PROFILE + f"deps: {{run: [{_with(case, 'lib', 'prefix: /opt/tool/lib')}]}}\n")
    with pytest.raises(InputError, match="prefixes of their own, found lib at /opt/tool/lib"):
        case.load("  n1.web: {commit: {url: 'URL', config: {settle: {volumes: [{path: d}]}}}}")


def test_the_files_of_a_root_travel_with_the_plan(case: Case) -> None:
    with tarfile.open(case.path / "root.tar", "w") as tar:
        tar.add(case.repo / "enve.yml", "etc/x")
    config = "{settle: {from: 'tar:./root.tar'}}"
    spots = f"  n1.web: {{commit: {{url: 'URL', config: {config}}}}}"
    plan = case.load(spots, bring=archives())
    root = json.loads(plan.nodes["n1"].lines["[root!settle@web]"])
    sum_ = sha256((case.path / "root.tar").read_bytes()).hexdigest()
    assert root["subroot"]["type"] == "tar"
    assert root["product"]["sha256"] == sum_
    assert sum_ in str(plan)


def test_two_setups_in_one_place_by_their_cfgpath(case: Case) -> None:
    lines = case.lines(
        "  n1.a: {commit: {url: 'URL', place: /srv, cfgpath: one}}\n"
        "  n1.b: {commit: {url: 'URL', place: /srv, cfgpath: /etc/b, set: {port: 2}}}"
    )
    assert "[tool-1.0!setup@one@a]" in lines
    assert "[tool-1.0!setup@%2Fetc%2Fb@b]" in lines
    assert lines["a"]["env"]["ROOT"] == "/srv"


def test_a_plan_says_how_a_build_is_kept_in(case: Case) -> None:
    case.commit(PROFILE.replace("build: {", "build: {network: true, "))
    with pytest.raises(InputError, match=r"build\.network is true in a product that was fetched"):
        case.lines("  n1.web: {commit: 'URL'}")
    for more in ("trust: true", "set: {build.network: 'true'}", "config: {build: {network: true}}"):
        lines = case.lines(f"  n1.web: {{commit: {{url: 'URL', {more}}}}}")
        assert lines[BUILD]["stage"]["table"]["build"]["network"] is True
