"""What the documents say is so: links lead somewhere, commands are understood, names exist."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from enve import errors, settings
from enve.cli import arguments
from enve.cli.main import COMMANDS
from enve.load.blueprint.blueprint import load_blueprint
from enve.load.inventory.inventory import load_domain
from enve.load.keyfile import read_key
from enve.load.plan.plan import open_plan
from enve.load.profile.profiles import Profiles
from enve.load.yaml.file import read_yaml
from enve_fire.core.url import FOLDER, Url
from enve_pm import entry
from enve_pm.shell import words as pm_words

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
EXAMPLES = (ROOT / "inventory", ROOT / "playbooks")
TUTORIAL = DOCS / "tutorial" / "first-fleet.md"
SHELL = (";", "|", "&&", ">", ">/dev/null")


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


def prose(page: Path) -> str:
    """Without code, where brackets are something else."""
    text = FENCE.sub("", page.read_text())
    return re.sub(r"^ {4,}.*$|`[^`\n]*`", "", text, flags=re.M)


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    heads = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text()), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for target in LINK.findall(prose(page)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            dead.append(target)
    assert dead == []


def test_every_page_is_reached_from_the_index() -> None:
    index = (DOCS / "index.md").read_text()
    pages = {ids(page) for page in DOCS.rglob("*.md") if page.parent.name != "adr"}
    linked = {ids((DOCS / target.partition("#")[0]).resolve()) for target in LINK.findall(index)}
    assert pages - linked - {"docs/index.md"} == set()


def commands(page: Path) -> Iterator[list[str]]:
    """The command lines of enve in a page: after `$ ` in output, and indented or fenced ones."""
    for line in page.read_text().splitlines():
        text = line.strip().removeprefix("$ ")
        if not line.startswith(("    ", "$ ")) or not re.match(r"enve(-\w+)?( |$)", text):
            continue
        # A gap of blanks divides commands that stand side by side; what follows is no command.
        for part in re.split(r"\s{2,}|&& |; ", text):
            if re.match(r"enve(-(deploy|march|list))?( |$)", part):
                yield plain(part)


def plain(line: str) -> list[str]:
    found = shlex.split(line, comments=True)
    end = next((at for at, word in enumerate(found) if word in SHELL), len(found))
    return found[:end]


def parse(line: list[str]) -> None:
    """By the parser that the command has; raises UsageError."""
    name, _, single = line[0].partition("-")
    assert name == "enve"
    command, *rest = [single, *line[1:]] if single else line[1:]
    if command in ("COMMAND", "-V", "--version"):
        return
    assert command in COMMANDS, line
    parser = arguments.Parser(prog=line[0])
    parser.set_defaults(command=command)
    import_module(COMMANDS[command].module).configure(parser)
    try:
        parser.read(rest)
    except SystemExit as done:  # --help
        assert done.code == 0


def shown(page: Path) -> bool:
    """Synopses with [OPTIONS] and NAME|FINGERPRINT stand in the reference only."""
    return page.parent.name not in ("reference", "adr")


@pytest.mark.parametrize("page", [page for page in PAGES if shown(page)], ids=ids)
def test_commands_are_understood(page: Path) -> None:
    for line in commands(page):
        try:
            parse(line)
        except errors.UsageError as error:
            pytest.fail(f"{shlex.join(line)}: {error.message}")


def test_commands_were_found() -> None:
    found = [shlex.join(line) for line in commands(TUTORIAL)]
    assert "enve-march plan.yml --check --diff -l web1 -e 'greeting=Good morning'" in found
    assert len(found) > 15
    assert len(list(commands(ROOT / "README.md"))) > 6


def test_words_of_nonsense_are_not_understood() -> None:
    for line in ("enve-list --sate FAIL", "enve-march", "enve keys nwe x", "enve-deploy -o junit"):
        with pytest.raises(errors.UsageError):
            parse(line.split())


# -- examples -----------------------------------------------------------------------------------
def files(suffix: str) -> list[Path]:
    return sorted(path for top in EXAMPLES for path in top.rglob(f"*{suffix}"))


def kind(path: Path) -> str:
    keys = {str(key) for key, _ in read_yaml(path).entries("the file")}
    if "enve" in keys:
        return "profile"
    if "plan" in keys:
        return "plan"
    return "inventory" if "domain" in keys else "blueprint"


@pytest.mark.real
@pytest.mark.parametrize("path", files(".yml"), ids=ids)
def test_an_example_loads(path: Path) -> None:
    match kind(path):
        case "plan":
            assert open_plan(path).inventory  # they are rendered in tests/controller/load
        case "profile":
            assert Profiles().product(Url(FOLDER, str(path.parent)))[1].table
        case "inventory":
            domain = load_domain([path])
            assert load_blueprint(domain.blueprint, domain, read_key).nodes
        case "blueprint":
            used = [load_domain([each]) for each in files(".yml") if kind(each) == "inventory"]
            assert str(path.resolve()) in [str(Path(one.blueprint).resolve()) for one in used]


SHOWN = {
    "first": ("inventory.yml", "blueprint.yml", "plan.yml", "templates/index.html.j2"),
    "product": ("greet/enve.yml", "inventory.yml", "blueprint.yml", "plan.yml"),
}


@pytest.mark.parametrize(("playbook", "page"), [("first", "fleet"), ("product", "product")])
def test_a_tutorial_shows_the_files_of_its_playbook(playbook: str, page: str) -> None:
    text = (DOCS / "tutorial" / f"first-{page}.md").read_text()
    blocks = [body for language, body in FENCE.findall(text) if language != "console"]
    for name in SHOWN[playbook]:
        body = (ROOT / "playbooks" / playbook / name).read_text()
        code = "".join(line for line in body.splitlines(True) if not line.startswith("#"))
        assert any(code in block for block in blocks), name


if shutil.which("vagrant"):

    @pytest.mark.real
    def test_vagrant_takes_the_vagrantfile(tmp_path: Path) -> None:
        shutil.copy(ROOT / "vagrant" / "Vagrantfile", tmp_path)
        words = ["vagrant", "validate", "--ignore-provider"]
        done = subprocess.run(words, check=False, cwd=tmp_path, capture_output=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr


# -- tables -------------------------------------------------------------------------------------
def rows(page: str, heading: str = "") -> list[list[str]]:
    """The cells of a page's tables (below a heading), without header and rule."""
    text = (DOCS / page).read_text()
    if heading:
        text = text.split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [row for row in cells if not re.fullmatch(r"-+", row[0])]


def test_the_exit_codes_are_those_of_the_code() -> None:
    table = rows("reference/exit-codes.md")
    said = {int(code) for row in table[1:] for code in row[0].split(",")}
    codes = {value for name, value in vars(errors).items() if name.isupper()}
    signals = {130, 141, 143}  # 128 + the signal
    assert said == codes | signals
    text = (DOCS / "reference" / "exit-codes.md").read_text()
    assert f"signals > {errors.UNEXPECTED}, 64, 65, 69 > 7 > 5 > 3 > 124 > 4 > 6 > 2 > 0" in text


def test_the_settings_are_those_of_the_code() -> None:
    text = (ROOT / "docs/reference/settings.md").read_text()
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == [*settings.SETTINGS]


def test_the_glossary_names_what_exists() -> None:
    names = [
        name
        for row in rows("explanation/architecture.md", "## Glossary")[1:]
        for name in re.findall(r"`([\w.]+)`", row[1])
    ]
    assert len(names) > 20
    for name in names:
        assert exists(name), name


def exists(name: str) -> bool:
    """A module, or what a module defines."""
    module, _, last = name.rpartition(".")
    try:
        import_module(name)
    except ModuleNotFoundError:
        return hasattr(import_module(module), last)
    return True


def test_the_rooms_of_the_architecture_exist() -> None:
    text = (DOCS / "explanation" / "architecture.md").read_text()
    rooms = re.findall(r"`((?:app|core|load|trust|host|cli|shell|hostinit|model)/[\w./]+)`", text)
    assert len(rooms) > 20
    for room in rooms:
        homes = (ROOT / "orchestrator" / "enve", ROOT / "remote" / "enve_pm")
        assert any((home / room).is_file() for home in homes), room


def test_the_page_of_pm_names_every_command_and_flag() -> None:
    text = (DOCS / "reference" / "pm.md").read_text()
    from enve_pm import cli
    from enve_pm.client import attach, host, logs, standin, verbs

    flags: dict[str, Any] = {
        **cli.RUN_FLAGS,
        **verbs.UNIT_FLAGS,
        **logs.FLAGS,
        **host.FLAGS,
        **attach.FLAGS,
        **standin.FLAGS,
    }
    flags["-o"] = True
    for word in [*entry.COMMANDS, *entry.ALIASES, *flags]:
        assert re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text), word


def test_pm_takes_the_flags_that_its_page_gives_to_orders() -> None:
    from enve_pm.client import verbs

    text = (DOCS / "reference" / "pm.md").read_text().split("## Looking")[0]
    for flag in set(re.findall(r"`(--[a-z-]+)", text)) - {"--home", "--pipe"}:
        pm_words.split([flag, "1", "web"], verbs.UNIT_FLAGS)


def test_decisions_are_numbered_and_short() -> None:
    pages = sorted((DOCS / "adr").glob("*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        text = page.read_text()
        assert text.startswith(f"# {int(page.name[:4])}. ")
        assert len(text.splitlines()) <= 20
