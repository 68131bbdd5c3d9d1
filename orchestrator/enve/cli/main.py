"""The entry points: find the command, import its module alone, run it, answer with an exit code.

A command's module is imported only when it is the one asked for, and has two functions:

    configure(parser: argparse.ArgumentParser) -> None     its flags; `enve.cli.arguments` has the
                                                           common ones; the name of the command is
                                                           `parser.get_default("command")`
    run(args: argparse.Namespace) -> int                   does it and gives back the exit code

At its top such a module imports nothing slow (asyncssh, jinja2, yaml, gnupg, tabulate, rich,
asyncio, `enve.app`, `enve.load`): `run` imports these, so that `--help` answers at once. `run`
raises `EnveError` for whatever a user can mend; nobody but `enve.cli.errors` prints errors. A
command on many nodes hands an `enve.model.report.Emit` to its story in `enve.app`:

    with progress.reporter(args) as report:        # enve.cli.progress
        asyncio.run(app.deploy(..., emit=report.emit))
        return report.code                         # the verdict over all Result events
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple, NoReturn

from enve import __version__
from enve.cli import arguments, errors
from enve.core.suggest import did_you_mean
from enve.errors import OK, UsageError


class Command(NamedTuple):
    """Which module has the command, and what `enve --help` says about it."""

    module: str
    help: str


COMMANDS: dict[str, Command] = {
    "deploy": Command("enve.cli.deploy", "push pm and the blueprint to the nodes"),
    "march": Command("enve.cli.march", "sign a plan and march it to the nodes"),
    "list": Command("enve.cli.list", "states of every resource of the fleet"),
    "start": Command("enve.cli.control", "start resources by hand, as the owner of their nodes"),
    "stop": Command("enve.cli.control", "stop resources by hand"),
    "restart": Command("enve.cli.control", "stop and start resources"),
    "reload": Command("enve.cli.control", "make running resources read their config again"),
    "try-restart": Command("enve.cli.control", "restart, if running"),
    "reload-or-restart": Command("enve.cli.control", "reload what can, restart what cannot"),
    "try-reload-or-restart": Command("enve.cli.control", "reload-or-restart, if running"),
    "cat": Command("enve.cli.control", "show the parameters of resources"),
    "set-property": Command("enve.cli.control", "change a parameter until the next plan"),
    "reset-failed": Command("enve.cli.control", "forget failures"),
    "recheck": Command("enve.cli.control", "check resources, or the health of processes, now"),
    "list-dependencies": Command("enve.cli.graph", "what resources need, want and wait for"),
    "why": Command("enve.cli.why", "from a resource's state to its cause"),
    "logs": Command("enve.cli.control", "what resources printed"),
    "shell": Command(
        "enve.cli.shell", "join the terminal of a resource, or open a shell on a node"
    ),
    "fire": Command("enve.cli.fire", "build, install, set up and run a product on this machine"),
    "run": Command("enve.cli.fire", "run a product: the same as enve fire run"),
    "execute": Command("enve.cli.fire", "run a product's fixed command"),
    "test": Command("enve.cli.fire", "run a product's tests"),
    "build": Command("enve.cli.fire", "build a product, and say where the artifact is"),
    "install": Command("enve.cli.fire", "install a product, and say where"),
    "setup": Command("enve.cli.fire", "set up a product, and say where"),
    "module": Command("enve.cli.fire", "a file for a shell, with a product's environment"),
    "inventory": Command("enve.cli.inventory", "nodes, groups and variables as loaded"),
    "profile": Command("enve.cli.profile", "what a product's enve.yml becomes; is it good"),
    "keys": Command("enve.cli.keys", "make, import, list and export OpenPGP keys"),
    "makepkg": Command("enve.cli.makepkg", "what a product is built to, as one file"),
    "fetch": Command("enve.cli.fetch", "get a commit, an archive or a folder, and say where it is"),
    "store": Command("enve.cli.store", "what is made once and kept: look, make, keep, collect"),
    "verify": Command("enve.cli.verify", "is what was installed and set up as it was laid"),
    "config": Command("enve.cli.config", "settings and where each comes from"),
    "demo": Command("enve.cli.demo", "a small fleet on this machine: the main job, narrated"),
    "version": Command("enve.cli.version", "the version"),
}


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """`enve COMMAND ...`"""
    words = list(sys.argv[1:] if argv is None else argv)
    sys.exit(errors.guard(words, lambda: _dispatch(words)))


def deploy() -> NoReturn:
    """`enve-deploy`, the same as `enve deploy`."""
    _single("deploy")


def march() -> NoReturn:
    """`enve-march`, the same as `enve march`."""
    _single("march")


def listing() -> NoReturn:
    """`enve-list`, the same as `enve list`."""
    _single("list")


def _single(name: str) -> NoReturn:
    words = sys.argv[1:]
    sys.exit(errors.guard(words, lambda: run_command(name, words, prog=f"enve-{name}")))


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        print(overview())
        return OK
    if words[0] in ("-V", "--version"):
        print(f"enve {__version__}")
        return OK
    if words[0].startswith("-"):
        raise UsageError(
            f"'{words[0]}' stands before the command",
            hint="flags come after it: enve list -i inventory.yml",
        )
    return run_command(words[0], words[1:], prog=f"enve {words[0]}")


def run_command(name: str, words: Sequence[str], *, prog: str) -> int:
    """Parse the words of one command and run it."""
    module = import_module(_module(name, words))
    parser = arguments.Parser(prog=prog, description=_known(name).help)
    parser.set_defaults(command=name)
    module.configure(parser)
    args = parser.read(words)
    code: int = module.run(args)
    return code


def _module(name: str, words: Sequence[str]) -> str:
    """`enve shell` without an address, or with a folder or a url in its place, is a product's."""
    first = words[0] if words else "."
    if name == "shell" and (first in (".", "..", "--") or "/" in first):
        return COMMANDS["fire"].module
    return _known(name).module


def _known(name: str) -> Command:
    if name in COMMANDS:
        return COMMANDS[name]
    raise UsageError(
        f"enve has no command '{name}'",
        hint=did_you_mean(name, COMMANDS, "`enve --help` lists all commands"),
    )


def overview() -> str:
    """What `enve --help` prints."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {command.help}" for name, command in COMMANDS.items()]
    usage = "usage: enve COMMAND [ARGUMENT...]"
    about = "March signed plans to a fleet, and see what runs."
    tail = "`enve COMMAND --help` tells the rest."
    return "\n".join([usage, "", about, "", *lines, "", tail])
