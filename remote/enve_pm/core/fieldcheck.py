"""The checks that a unit's keys are made of: each gives the value back or raises Bad.

Lists and mappings are kept as they came (nobody changes them), so that a thousand units cost no
second copy.
"""

from __future__ import annotations

from enve_pm.core import address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Check = Callable[[Any], Any]

RESERVED_ENV = ("SPOT_DIR", "PM_JOB", "PM_UNIT", "MAINPID")
NAME_MAX = 255  # bytes; what file systems take
_HEX = frozenset("0123456789abcdef")
_ENV_START = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
_ENV = _ENV_START | frozenset("0123456789")


class Bad(Exception):
    """(wanted, found[, path below the key])"""


def text(longest: int = 4096, shortest: int = 1) -> Check:
    wanted = f"a string of {shortest} to {longest} characters without NUL"

    def check(value: Any) -> Any:
        if not isinstance(value, str) or not shortest <= len(value) <= longest or "\0" in value:
            raise Bad(wanted, value)
        return value

    return check


def integer(least: int, most: int) -> Check:
    wanted = f"an integer from {least} to {most}"

    def check(value: Any) -> Any:
        if type(value) is not int or not least <= value <= most:
            raise Bad(wanted, value)
        return value

    return check


def one_of(*words: str) -> Check:
    wanted = "one of " + " ".join(words)

    def check(value: Any) -> Any:
        if not isinstance(value, str) or value not in words:
            raise Bad(wanted, value)
        return value

    return check


def boolean(value: Any) -> Any:
    if not isinstance(value, bool):
        raise Bad("true or false", value)
    return value


def argv(value: Any) -> Any:
    if not isinstance(value, list) or not 1 <= len(value) <= 1024:
        raise Bad("a list of 1 to 1024 strings", value)
    if not (isinstance(value[0], str) and value[0]):
        raise Bad("a program's name first", value[0])
    for i, arg in enumerate(value):
        below(f"[{i}]", text(32768, 0), arg)
    return value


def names(value: Any) -> Any:
    """Units of the same pm, each once."""
    if not isinstance(value, list) or len(value) > 10_000:
        raise Bad("a list of unit names", value)
    for i, name in enumerate(value):
        below(f"[{i}]", unit_name, name)
    if len(set(value)) != len(value):
        raise Bad("each name once", value)
    return value


def unit_name(value: Any) -> Any:
    if not isinstance(value, str):
        raise Bad("a unit's name", value)
    try:
        return address.check_name(value)
    except address.AddressError as error:
        raise Bad(f"a unit's name ({error})", value) from None


def full_name(value: Any) -> Any:
    if not isinstance(value, str):
        raise Bad("an address below the node", value)
    try:
        address.parse(value)
    except address.AddressError as error:
        raise Bad(f"an address below the node ({error})", value) from None
    return value


def mapping(key: Check, item: Check, most: int = 1024) -> Check:
    def check(value: Any) -> Any:
        if not isinstance(value, dict) or len(value) > most:
            raise Bad(f"a mapping of at most {most} keys", value)
        for name in value:
            below("", key, name)
            below(f".{name}", item, value[name])
        return value

    return check


def several(item: Check, most: int, what: str = "") -> Check:
    """A list; `what`: of which things, for who reads the error."""
    wanted = ("a list of at most %d %s" % (most, what)).rstrip()

    def check(value: Any) -> Any:
        if not isinstance(value, list) or len(value) > most:
            raise Bad(wanted, value)
        for i, one in enumerate(value):
            below("[%d]" % i, item, one)
        return value

    return check


def record(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """A mapping with just these keys."""
    known = {**required, **(optional or {})}

    def check(value: Any) -> Any:
        if not isinstance(value, dict):
            raise Bad("a mapping with " + " ".join(known), value)
        for name in value:
            if name not in known:
                raise Bad("only " + " ".join(known), name)
            below(f".{name}", known[name], value[name])
        for name in required:
            if name not in value:
                raise Bad(f"the key {name}", "nothing")
        return value

    return check


def env_name(value: Any) -> Any:
    good = isinstance(value, str) and 0 < len(value) <= 128 and value[0] in _ENV_START
    if not good or not _ENV.issuperset(value):
        raise Bad("a variable's name (letters, digits and _, no digit first)", value)
    if value in RESERVED_ENV:
        raise Bad("a variable's name that pm does not set itself", value)
    return value


def relative_path(value: Any) -> Any:
    if not isinstance(value, str) or not 1 <= len(value) <= 512 or not value.isprintable():
        raise Bad("a relative path", value)
    if any(step in ("", ".", "..") for step in value.split("/")):
        raise Bad("a path below the spot's directory, without . and ..", value)
    return value


def place(value: Any) -> Any:
    """A path on the node: a relative one counts from the spot's directory. Neither may go up."""
    text(1024)(value)
    steps = value.split("/")
    if not value.isprintable() or any(step in (".", "..") for step in steps) or "" in steps[1:]:
        raise Bad("a path without empty steps, . and ..", value)
    if steps == [""]:
        raise Bad("a path below /", value)
    if max(len(step.encode()) for step in steps) > NAME_MAX:
        raise Bad("a path with steps of at most %d bytes" % NAME_MAX, value)
    return value


def places(value: Any) -> Any:
    """Absolute paths on the node, each once; `/` is one."""
    if (
        not isinstance(value, list)
        or not 1 <= len(value) <= 64
        or len(set(map(str, value))) < len(value)
    ):
        raise Bad("a list of 1 to 64 absolute paths, each once", value)
    for i, path in enumerate(value):
        if path != "/":
            below(f"[{i}]", place, path)
            below(f"[{i}]", _absolute, path)
    return value


def _absolute(value: Any) -> Any:
    if not value.startswith("/"):
        raise Bad("an absolute path", value)
    return value


def strings(*words: str) -> Check:
    """A list of some of these words, each once."""
    word = one_of(*words)

    def check(value: Any) -> Any:
        if not isinstance(value, list) or len(set(map(str, value))) != len(value):
            raise Bad("a list of some of " + " ".join(words), value)
        for i, one in enumerate(value):
            below(f"[{i}]", word, one)
        return value

    return check


def sha256(value: Any) -> Any:
    if not isinstance(value, str) or len(value) != 64 or not _HEX.issuperset(value):
        raise Bad("64 hex digits, lower case", value)
    return value


def below(path: str, check: Check, value: Any) -> None:
    try:
        check(value)
    except Bad as bad:
        raise Bad(
            bad.args[0], bad.args[1], path + (bad.args[2] if len(bad.args) > 2 else "")
        ) from None


def tagged(tag: str, records: Mapping[str, Check]) -> Check:
    """A mapping whose key `tag` says which of the records it is."""

    def check(value: Any) -> Any:
        if not isinstance(value, dict):
            raise Bad(f"a mapping with {tag}", value)
        found = value.get(tag, "nothing")
        below(f".{tag}", one_of(*records), found)
        return records[found](value)

    return check
