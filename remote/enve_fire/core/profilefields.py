"""The fields of a profile's table: each function gives the value as it came, or raises Bad (wanted,
found)."""

from __future__ import annotations

from enve_fire.core import title as titles
from enve_fire.core.profile import ALWAYS, NEVER
from enve_pm.core.fieldcheck import (
    Bad,
    argv,
    boolean,
    env_name,
    integer,
    mapping,
    one_of,
    place,
    record,
    several,
    sha256,
    text,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

COMMAND = 65536  # characters of one command for the shell
CONTENT = 1 << 20  # characters of a config file
CONTENTS = 16 << 20  # of all of them
SIGNALS = ("TERM", "INT", "HUP", "QUIT", "USR1", "USR2")


def title(value: Any) -> Any:
    if not titles.is_title(value):
        raise Bad("1 to 64 of A-Z a-z 0-9 . _ + -, not beginning with . or -", value)
    return value


def version(value: Any) -> Any:
    return value if value == "" else title(value)


def prefix(value: Any) -> Any:
    """An absolute path without blanks."""
    place(value)
    if not value.startswith("/"):
        raise Bad("an absolute path", value)
    if any(map(str.isspace, value)):
        raise Bad("a path without blanks, as commands have it in $PREFIX", value)
    return value


def below(value: Any) -> Any:
    """A path inside of something: relative, without . and .. ("": the thing itself)."""
    if value == "":
        return value
    place(value)
    if value.startswith("/"):
        raise Bad("a relative path", value)
    return value


def owner(value: Any) -> Any:
    """`UID:GID`, or "": whoever installs it."""
    pieces = value.split(":") if isinstance(value, str) else ()
    if value != "" and not (len(pieces) == 2 and all(map(_is_number, pieces))):
        raise Bad("UID:GID in numbers", value)
    return value


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text[:10]) < 1 << 32 and len(text) <= 10


def refresh(value: Any) -> Any:
    """`never`, `always`, or seconds after which a moving reference is resolved again."""
    return integer(1, 1 << 31)(value) if type(value) is int else one_of(NEVER, ALWAYS)(value)


def file(value: Any) -> Any:
    """One file of setup: its content in here, or the hash of what is brought beside."""
    content = {"content": text(CONTENT, 0)}
    shape = {"path": place, "mode": integer(0, 0o7777)}
    more = {"owner": text(64, 0), "secret": boolean, "sha256": sha256, **content}
    record(shape, more)(value)
    if ("content" in value) == ("sha256" in value):
        raise Bad("either content or sha256", sorted(value))
    return value


_files = several(file, 1024, "files")


def files(value: Any) -> Any:
    _files(value)
    if len({one["path"] for one in value}) < len(value):
        raise Bad("each path once", [one["path"] for one in value])
    if sum(len(one.get("content", "")) for one in value) > CONTENTS:
        raise Bad("at most %d MiB in all files" % (CONTENTS >> 20), "more")
    return value


def reload(value: Any) -> Any:
    """The words of a command, or {"signal": "HUP"}; []: it has to be restarted."""
    if isinstance(value, dict):
        return record({"signal": one_of(*SIGNALS)})(value)
    return value if value == [] else argv(value)


commands = several(text(COMMAND), 256, "commands")  # lines for `sh -e -c`
paths = several(place, 1024, "paths")
env = mapping(env_name, text(32768, 0))
