"""The rc file: the environment of what runs, as text for `sh`, and all that it relies on.

    # enve-rc 2 HASH
    #key TEXT              the command line that it answers, and where that was given
    #target run
    #file PATH STAT        a file of the profile, and its stat
    #dir PATH              is there
    #mark PATH HASH        this mark says this hash
    #src PATH HASH         a folder that somebody works in has this tree hash
    #until SECONDS         since 1970
    #mounts PATH SUM       just this is mounted at it and below it (`app.relied`)
    #room VALUE KEY        what runs goes there first (`stage.entering`)
    #cmd 'WORD' 'WORD'
    export NAME='VALUE'

It is read without any module but this (`rctext` writes it): all of a no-op is to find it, to look
at what it names, and to execute. A line of text is percent-encoded where it has a newline or a
percent sign.
"""

from __future__ import annotations

from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Pair = tuple[str, str]

HEAD = "# enve-rc 2 "
LONGEST = 1 << 20  # characters
PATH = "PATH"
EXPORT = "export "
QUOTE, INNER = "'", "'\\''"


class Rc(
    namedtuple(
        "Rc",
        "hash key target env cmd files dirs marks sources until mounts room",
        defaults=((), (), (), (), (), 0, (), ()),
    )
):
    """`files`, `marks`, `sources`, `mounts`: pairs (path, stat, hash or sum) · `dirs`: paths ·
    `until`: 0 for ever · `room`: (value, key) pairs of where it runs, if that is elsewhere."""

    __slots__ = ()

    if TYPE_CHECKING:
        hash: str
        key: str
        target: str
        env: Mapping[str, str]
        cmd: Sequence[str]
        files: Sequence[Pair]
        dirs: Sequence[str]
        marks: Sequence[Pair]
        sources: Sequence[Pair]
        until: int
        mounts: Sequence[Pair]
        room: Sequence[Pair]


def parse(text: str) -> Rc | None:
    """None for what is no rc file of this format."""
    first, _, rest = text.partition("\n")
    if not first.startswith(HEAD):
        return None
    head, found, body = ("\n" + rest).partition("\n" + EXPORT)
    rows = [row[1:].partition(" ")[::2] for row in head.split("\n") if row.startswith("#")]
    try:
        env = dict(_exports(found[1:] + body))
        return Rc(first[len(HEAD) :], env=env, **_facts(rows))
    except (ValueError, KeyError, IndexError):
        return None


def _facts(rows: Sequence[Pair]) -> dict[str, object]:
    def one(word: str, default: str = "") -> str:
        return next((rest for name, rest in rows if name == word), default)

    def pairs(word: str) -> tuple[Pair, ...]:
        found = [rest.rpartition(" ") for name, rest in rows if name == word]
        return tuple((_unlined(path), what) for path, _, what in found)

    return {
        "key": _unlined(one("key")),
        "target": one("target"),
        "cmd": tuple(_unlined(word) for word in _words(one("cmd"))),
        "files": pairs("file"),
        "dirs": tuple(_unlined(rest) for name, rest in rows if name == "dir"),
        "marks": pairs("mark"),
        "sources": pairs("src"),
        "until": int(one("until", "0")),
        "mounts": pairs("mounts"),
        "room": pairs("room"),
    }


def _unquoted(text: str, at: int) -> tuple[str, int]:
    """What is quoted from `at` on, and where it ends. Raises ValueError."""
    begin = end = at + 1
    while True:
        end = text.index(QUOTE, end)
        if not text.startswith(INNER, end):
            return text[begin:end].replace(INNER, QUOTE), end + 1
        end += len(INNER)


def _words(text: str) -> list[str]:
    found, at = [], 0
    while at < len(text):
        word, at = _unquoted(text, at)
        found.append(word)
        at += 1
    return found


def _exports(text: str) -> Iterator[Pair]:
    at = 0
    while at < len(text):
        equals = text.index("=", at)
        name = text[at + len(EXPORT) : equals]
        value, end = _unquoted(text, equals + 1)
        yield name, value
        at = text.index("\n", end) + 1


def _unlined(text: str) -> str:
    return text.replace("%0A", "\n").replace("%25", "%")


def over(env: Mapping[str, str], caller: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment as it is behind the rc file."""
    found = {**caller, **env}
    if PATH in env and caller.get(PATH):
        found[PATH] = "%s:%s" % (env[PATH], caller[PATH])
    return found


def checksum(text: str) -> str:
    """Names the file of a key: quick and without a module. Two keys may share it, so the key stands
    in the file too (FNV-1a, 64 bits)."""
    sum_ = 0xCBF29CE484222325
    for byte in text.encode("utf-8", "surrogateescape"):
        sum_ = (sum_ ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return "%016x" % sum_
