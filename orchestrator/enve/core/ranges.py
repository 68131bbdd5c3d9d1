"""Many names from one: `web[01:20]`, `web[1:9:2]`, `db-[a:c]`, `rack[1:2]-n[01:04]`.

The zeros at the front of the first number give the width; the end belongs to the range, as in
Ansible. What stands in a value of such a node as `{{ index }}` is filled in here too.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping

MOST = 100_000  # names that one range may make
_RANGE = re.compile(r"\[([0-9]{1,9}):([0-9]{1,9})(?::([0-9]{1,9}))?\]|\[([a-zA-Z]):([a-zA-Z])\]")
_PLACE = re.compile(r"\{\{\s*(index[2-9]?|name)\s*(?:([+-])\s*([0-9]{1,9})\s*)?\}\}")


class RangeError(ValueError):
    """What is wrong with a range or a placeholder (`args[0]`), and what to do (`hint`)."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def is_range(name: str) -> bool:
    return _RANGE.search(name) is not None


def expand(name: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each name that `name` stands for, with the values of `index`, `index2` ... and `name`."""
    parts: list[list[str]] = []
    at, total = 0, 1
    for match in _RANGE.finditer(name):
        counted = _letters(match) if match[4] else _numbers(match)
        parts += [[name[at : match.start()]], counted]
        at, total = match.end(), total * len(counted)
        if total > MOST:
            raise RangeError(f"the range {name!r} makes {total} names", f"at most {MOST}")
    parts.append([name[at:]])
    for chosen in itertools.product(*parts):
        made = "".join(chosen)
        yield made, _places(made, chosen[1::2])


def _places(name: str, chosen: tuple[str, ...]) -> dict[str, str]:
    places = {"name": name}
    for number, value in enumerate(chosen, 1):
        key = "index" if number == 1 else f"index{number}"
        places[key] = str(int(value)) if value.isdigit() else value
    return places


def _letters(match: re.Match[str]) -> list[str]:
    return _filled(match, [chr(code) for code in range(ord(match[4]), ord(match[5]) + 1)])


def _numbers(match: re.Match[str]) -> list[str]:
    first, last, step = match[1], int(match[2]), int(match[3] or 1)
    width = len(first) if first.startswith("0") else 0
    count = (last - int(first)) // step + 1 if step else 0
    if count > MOST:
        raise RangeError(f"the range {match[0]} makes {count} names", f"at most {MOST}")
    numbers = range(int(first), last + 1, step) if step else range(0)
    return _filled(match, [str(number).zfill(width) for number in numbers])


def _filled(match: re.Match[str], names: list[str]) -> list[str]:
    if not names:
        raise RangeError(f"the range {match[0]} is empty", "write it upward: [01:20], [1:9:2]")
    return names


def fill(text: str, places: Mapping[str, str]) -> str:
    """`{{ index }}`, `{{ index + 10 }}` and `{{ name }}` put into a value."""

    def one(match: re.Match[str]) -> str:
        value = places.get(match[1])
        if value is None:
            raise RangeError(f"there is no {match[1]} here", _known(places))
        if not match[2]:
            return value
        if not value.isdigit():
            raise RangeError(f"{match[1]} is {value!r}, no number to count with", _known(places))
        return str(int(value) + int(match[3]) * (1 if match[2] == "+" else -1))

    filled = _PLACE.sub(one, text)
    if "{{" in filled:
        raise RangeError(f"{text!r} can't be filled in", _known(places))
    return filled


def _known(places: Mapping[str, str]) -> str:
    return "an inventory knows " + " ".join(f"{{{{ {name} }}}}" for name in places)
