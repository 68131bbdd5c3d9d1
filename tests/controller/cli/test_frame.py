"""The command line's frame: which module runs, what is imported, how bad flags are told."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from enve.cli import arguments, main
from enve.errors import UsageError

SLOW = (
    *("asyncssh", "jinja2", "yaml", "gnupg", "tabulate", "rich", "asyncio", "cryptography"),
    *("wcwidth", "enve.app", "enve.load", "enve.host", "enve.trust"),
)


def is_there(module: str) -> bool:
    spec = importlib.util.find_spec(module)
    return spec is not None and "def configure(" in Path(str(spec.origin)).read_text()


THERE = [name for name, command in main.COMMANDS.items() if is_there(command.module)]


def enve(*words: str, entry: str = "main") -> subprocess.CompletedProcess[str]:
    code = (
        f"import sys; from enve.cli.main import {entry}; sys.argv[1:] = {list(words)!r}; {entry}()"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def code_of(words: Sequence[str]) -> int:
    with pytest.raises(SystemExit) as ended:
        main.main(words)
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize("words", [[], ["--help"], ["help"], ["-h"]])
def test_overview(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of(words) == 0
    told = capsys.readouterr().out
    assert all(f"  {name} " in told for name in main.COMMANDS)


@pytest.mark.parametrize("words", [["--version"], ["-V"], ["version"]])
def test_version(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of(words) == 0
    assert capsys.readouterr().out.startswith("enve 0.")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["depoy"], "error: enve has no command 'depoy'\n  did you mean 'deploy'?\n"),
        (["zzz"], "error: enve has no command 'zzz'\n  `enve --help` lists all commands\n"),
        (
            ["-i", "x", "list"],
            "error: '-i' stands before the command\n"
            "  flags come after it: enve list -i inventory.yml\n",
        ),
        (
            ["list", "--sate", "FAIL"],
            "error: enve list: unknown argument '--sate'\n  did you mean '--state'?\n",
        ),
        (
            ["list", "-o", "jsno"],
            "error: enve list: argument -o/--output: 'jsno' is not one of: table wide json jsonl "
            "yaml csv name; did you mean 'json'?\n  `enve list --help` shows what it takes\n",
        ),
        (
            ["list", "-o", "junit"],
            "error: enve list: argument -o/--output: junit comes in a later version\n"
            "  `enve list --help` shows what it takes\n",
        ),
        (
            ["list", "-f", "0"],
            "error: enve list: argument -f/--forks: wanted a whole number from 1 to 100000, found "
            "'0'\n  `enve list --help` shows what it takes\n",
        ),
        (
            ["restart"],
            "error: enve restart: the following arguments are required: ADDRESS\n"
            "  `enve restart --help` shows what it takes\n",
        ),
    ],
)
def test_a_wrong_command_line(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(words) == 64
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == told


def test_a_wrong_command_line_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of(["list", "-o", "json", "--nope"]) == 64
    shown = json.loads(capsys.readouterr().out)
    assert shown["errors"][0]["code"] == 64


@pytest.mark.parametrize("name", THERE)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"usage: enve {name} ")


@pytest.mark.parametrize("name", THERE)
def test_flags_mean_the_same_everywhere(name: str) -> None:
    """The same letter belongs to the same long flag in every command. Those about one product take
    its profile by -f."""
    parser = arguments.Parser(prog=name)
    parser.set_defaults(command=name)
    importlib.import_module(main.COMMANDS[name].module).configure(parser)
    meaning = {
        "-i": "--inventory", "-l": "--limit", "-f": "--forks", "-C": "--check", "-D": "--diff",
        "-e": "--extra-vars", "-v": "--verbose", "-u": "--user", "-b": "--become",
        "-K": "--ask-become-pass", "-T": "--timeout", "-y": "--yes", "-o": "--output",
        "-w": "--watch", "-s": "--state",
    }  # fmt: skip
    if any("--profile" in action.option_strings for action in parser._actions):
        meaning["-f"] = "--file"
    for action in parser._actions:
        short = next((flag for flag in action.option_strings if len(flag) == 2), None)
        if short in meaning:
            assert meaning[short] in action.option_strings


@pytest.mark.parametrize(
    ("text", "value"),
    [("20", 20.0), ("1.5", 1.5), ("90s", 90.0), ("5m", 300.0), ("1h", 3600.0)],
)
def test_seconds(text: str, value: float) -> None:
    assert arguments.seconds(text) == value


@pytest.mark.parametrize("text", ["", "0", "-1", "x", "1d", "nan", "inf", "8000000", "s"])
def test_no_seconds(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="wanted a time"):
        arguments.seconds(text)


def test_no_abbreviations(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of(["list", "--no-head"]) == 64
    assert "did you mean '--no-headers'?" in capsys.readouterr().err


def test_parser_of_a_subcommand_suggests_too() -> None:
    parser = arguments.Parser(prog="x")
    with pytest.raises(UsageError):
        parser.read(["--flag"])


@pytest.mark.real
@pytest.mark.parametrize(
    "words", [["--help"], *([name, "--help"] for name in THERE)], ids=lambda words: words[0]
)
def test_help_imports_nothing_slow(words: list[str]) -> None:
    code = (
        "import sys; from enve.cli.main import main\n"
        f"try: main({words!r})\n"
        "except SystemExit: pass\n"
        "print('MODULES', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.rpartition("MODULES")[2].split()
    assert not [name for name in SLOW if name in loaded]


@pytest.mark.real
@pytest.mark.parametrize("entry", ["listing"])
def test_entry_points_of_their_own(entry: str) -> None:
    done = enve("--help", entry=entry)
    assert done.returncode == 0
    assert done.stdout.startswith("usage: enve-list ")


@pytest.mark.real
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals(number: signal.Signals, code: int, tmp_path: Path) -> None:
    """A command that waits for ever, ended by a signal: cleaned up, no traceback."""
    program = tmp_path / "program.py"
    program.write_text(
        "import asyncio, sys\n"
        "from enve.cli import errors\n"
        "async def story():\n"
        "    try:\n"
        "        print('ready', flush=True)\n"
        "        await asyncio.sleep(600)\n"
        "    finally:\n"
        "        print('cleaned up', flush=True)\n"
        "sys.exit(errors.guard([], lambda: asyncio.run(story())))\n"
    )
    with subprocess.Popen(
        [sys.executable, str(program)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert out == "cleaned up\n"
    assert "Traceback" not in err


def without_a_reader(words: list[str]) -> tuple[int, str]:
    """The exit code and the complaints of a command whose output nobody reads."""
    read, write = os.pipe()
    code = f"import sys; from enve.cli.main import main; sys.stdin.readline(); main({words!r})"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.close(write)
        os.close(read)
        _, err = process.communicate("go\n", timeout=60)
    return process.returncode, err


@pytest.mark.real
@pytest.mark.parametrize("words", [["--help"], ["list", "--help"], ["version"]])
def test_a_reader_that_goes_away_is_no_error(words: list[str]) -> None:
    code, err = without_a_reader(words)
    # argparse itself lets go of help that nobody reads.
    assert code in ((141, 0) if words == ["list", "--help"] else (141,))
    assert err == ""


@pytest.mark.real
def test_a_full_disk_is_told() -> None:
    code = "from enve.cli.main import main; main(['version', '-o', 'json'])"
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 69
    assert done.stderr.startswith("error: no space left: ")
    assert "Traceback" not in done.stderr
    assert "crash" not in done.stderr


@pytest.mark.real
@pytest.mark.parametrize("words", [["list", "-w", "-o", "jsonl"], ["deploy", "-C", "-f", "1"]])
def test_nor_is_one_that_goes_while_nodes_are_at_work(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the tasks of many nodes raise comes in a group; what changes nodes is not cut off."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    place = f"{{connection: local, register: none, home: {tmp_path}/pm}}"
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(f"domain: t.example\ndefaults: {place}\nnodes: {{'n[1:3]': {{}}}}\n")
    code, err = without_a_reader([*words, "-i", str(inventory)])
    told = err.replace("warning: no blueprint: pm will live there, and nobody may march\n", "")
    assert (code, told) == (141, "")
    if words[0] == "deploy":
        facts = json.loads((tmp_path / "enve/domains/t.example/facts.json").read_text())
        assert sorted(facts["nodes"]) == ["n1", "n2", "n3"]
