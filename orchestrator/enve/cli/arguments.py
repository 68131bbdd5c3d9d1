"""The flags that commands share: the same letter, the same meaning everywhere (and as in Ansible).

Commands call these builders in their `configure`; flags of one command live in its own module.
"""

from __future__ import annotations

import sys
from argparse import (
    ArgumentError,
    ArgumentParser,
    ArgumentTypeError,
    Namespace,
    RawDescriptionHelpFormatter,
)
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from enve.core.suggest import did_you_mean
from enve.errors import OK, UsageError

FORMATS = ("table", "wide", "json", "jsonl", "yaml", "csv", "name")
EVENT_FORMATS = ("table", "json", "jsonl")  # of commands that report events: deploy, march
RESERVED = {"junit": "junit comes in a later version"}


class Parser(ArgumentParser):
    """An argparse parser whose errors are UsageErrors (64) with suggestions, not exits with 2."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", RawDescriptionHelpFormatter)
        self.mixed = False  # a word that may be left out may also stand behind flags
        self.help_of: Callable[[], str] | None = None  # of a command whose words go on as they are
        self.takes_words = False  # what stands behind `--` is no flag of ours, but `words`
        super().__init__(allow_abbrev=False, exit_on_error=False, **options)

    def read(self, words: Sequence[str]) -> Namespace:
        """Parse; an unknown flag gets the nearest known one as a hint."""
        if self.takes_words and "--" in words:
            at = words.index("--")
            self.set_defaults(words=words[at + 1 :])
            words = words[:at]
        try:
            parse = self.parse_known_intermixed_args if self.mixed else self.parse_known_args
            found, rest = parse(words)
        except ArgumentError as error:
            raise UsageError(f"{self.prog}: {error}", hint=self._usage_hint()) from None
        if rest:
            unknown = f"{self.prog}: unknown argument '{rest[0]}'"
            raise UsageError(unknown, hint=self._guess(rest[0]))
        return found

    def format_help(self) -> str:
        return self.help_of() if self.help_of else super().format_help()

    def error(self, message: str) -> NoReturn:
        """What argparse finds wrong becomes a UsageError."""
        raise UsageError(f"{self.prog}: {message}", hint=self._usage_hint())

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Only --help and --version get here."""
        sys.stdout.write(message or "")
        raise SystemExit(status or OK)

    def _guess(self, word: str) -> str:
        flags = [flag for action in self._actions for flag in action.option_strings]
        return did_you_mean(word.partition("=")[0], flags, self._usage_hint())

    def _usage_hint(self) -> str:
        return f"`{self.prog} --help` shows what it takes"


def inventory(parser: ArgumentParser, *, limit: bool = True) -> None:
    """-i and -l: which fleet, and which of its nodes."""
    parser.add_argument(
        "-i",
        "--inventory",
        action="append",
        metavar="PATH",
        help="inventory file or directory (else ENVE_INVENTORY, enve.toml, ./inventory)",
    )
    if limit:
        parser.add_argument(
            "-l",
            "--limit",
            action="append",
            metavar="PATTERN",
            help="only these nodes: names, groups, globs, a:&b, a:!b",
        )


def connection(parser: ArgumentParser) -> None:
    """How nodes are reached: -f -u -b -K --private-key -T."""
    group = parser.add_argument_group("connections")
    group.add_argument("-f", "--forks", type=count, metavar="N", help="nodes at work at once")
    group.add_argument("-u", "--user", metavar="NAME", help="log in as NAME")
    group.add_argument(
        "-b", "--become", action="store_true", default=None, help="act as root through sudo"
    )
    group.add_argument(
        "-K", "--ask-become-pass", action="store_true", help="ask for sudo's password, once"
    )
    group.add_argument("--private-key", metavar="FILE", help="log in with this ssh key")
    group.add_argument(
        "-T", "--timeout", type=seconds, metavar="SECONDS", help="the deadline for each node"
    )


def variables(parser: ArgumentParser) -> None:
    """-e: variables that win over the inventory's."""
    parser.add_argument(
        "-e",
        "--extra-vars",
        action="append",
        default=[],
        metavar="K=V|@FILE",
        help="variables that win over all others",
    )


def preview(parser: ArgumentParser) -> None:
    """-C -D -y: see before doing, and do without being asked."""
    parser.add_argument("-C", "--check", action="store_true", help="only tell what would change")
    parser.add_argument("-D", "--diff", action="store_true", help="show the changes, line by line")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")


def screen(parser: ArgumentParser, formats: Sequence[str] = FORMATS) -> None:
    """-o --color --no-pager -v: what the answer looks like."""
    group = parser.add_argument_group("output")
    group.add_argument(
        "-o",
        "--output",
        type=one_of(formats),
        default="table",
        metavar="FORMAT",
        help=" ".join(formats),
    )
    group.add_argument(
        "--color",
        type=one_of(("auto", "always", "never")),
        default="auto",
        metavar="WHEN",
        help="auto always never",
    )
    group.add_argument("--no-pager", action="store_true", help="never page long answers")
    group.add_argument("-v", "--verbose", action="count", default=0, help="tell more (-vvvv)")


def rows(parser: ArgumentParser, columns: Sequence[str]) -> None:
    """--sort-by --no-headers: for commands that answer with a table."""
    parser.add_argument(
        "--sort-by",
        type=one_of(columns),
        metavar="COLUMN",
        help="order of the rows: " + " ".join(columns),
    )
    parser.add_argument("--no-headers", action="store_true", help="rows only")


def count(text: str) -> int:
    """A whole number from 1 up."""
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= 100_000):
        raise ArgumentTypeError(f"wanted a whole number from 1 to 100000, found '{text}'")
    return int(text)


def said(text: str) -> str:
    """A value that is not empty, as that of a variable that is not set would be."""
    if not text:
        raise ArgumentTypeError("wanted a value, found nothing")
    return text


def seconds(text: str) -> float:
    """A time: `20`, `1.5`, `90s`, `5m`, `1h`, in seconds."""
    units = {"s": 1, "m": 60, "h": 3600}
    number, factor = (text[:-1], units[text[-1]]) if text[-1:] in units else (text, 1)
    try:
        value = float(number) * factor
    except ValueError:
        value = 0.0
    if not 0 < value <= 7 * 86_400:
        raise ArgumentTypeError(f"wanted a time such as 20, 1.5, 90s, 5m, 1h; found '{text}'")
    return value


def one_of(words: Sequence[str]) -> Callable[[str], str]:
    """A check for argparse that suggests the nearest word."""

    def check(text: str) -> str:
        if text in words:
            return text
        told = RESERVED.get(text) or f"'{text}' is not one of: {' '.join(words)}"
        near = did_you_mean(text, words)
        raise ArgumentTypeError(f"{told}; {near}" if near else told)

    return check
