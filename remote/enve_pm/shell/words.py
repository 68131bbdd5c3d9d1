"""The words of a command line, and the one kind of failure that a command of pm can end with.

(argparse would cost the client more time than its command takes.)
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OK = 0
FAILED = 3  # a unit failed, pm is not running, another one holds HOME
REFUSED = 5  # not the owner, or pm said no
USAGE = 64
MISSING = 69
DEADLINE = 124


class Failure(Exception):
    """What went wrong and what to do next, in words; `code` is the exit status."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def split(words: Sequence[str], flags: Mapping[str, bool]) -> tuple[dict[str, str], list[str]]:
    """Options and the other words. `flags`: those that are known, and whether a value follows;
    one without a value comes out as "1". `--` ends the options. Raises Failure (64)."""
    options: dict[str, str] = {}
    rest: list[str] = []
    words = list(words)
    while words:
        word = words.pop(0)
        if word == "--":
            return options, rest + words
        if not word.startswith("-") or word == "-":
            rest.append(word)
            continue
        name, equals, value = word.partition("=")
        if name not in flags:
            raise _unknown(name, flags)
        if flags[name] and not equals:
            if not words:
                raise Failure(USAGE, f"{name} wants a value after it")
            value = words.pop(0)
        elif equals and not flags[name]:
            raise Failure(USAGE, f"{name} takes no value, found {value!r}")
        options[name] = value if flags[name] else "1"
    return options, rest


def number(options: Mapping[str, str], name: str, default: float, largest: float = 1e9) -> float:
    """The number that an option gives. Raises Failure (64)."""
    if name not in options:
        return default
    try:
        value = float(options[name])
    except ValueError:
        value = -1.0
    if not 0 <= value <= largest:
        raise Failure(USAGE, f"{name}: wanted a number of 0 or more, found {options[name]!r}")
    return value


def nearest(word: str, known: Sequence[str]) -> str:
    """`; did you mean X?` for a word that is nearly one of the known ones, else nothing."""
    from difflib import get_close_matches

    close = get_close_matches(word, known, 1)
    return f"; did you mean {close[0]}?" if close else ""


def _unknown(name: str, flags: Mapping[str, bool]) -> Failure:
    known = ", ".join(sorted(flags)) or "none"
    hint = nearest(name, list(flags))
    return Failure(USAGE, f"unknown option {name}{hint or f'; known here: {known}'}")
