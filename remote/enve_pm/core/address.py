"""Addresses such as `web1.pm1.[lua-5.4.4!setup@web]`, and the patterns that select them.

    address = segment *("." segment) [".service"]
    segment = 1*64 of A-Z a-z 0-9 _ -      or   "[" name "]"

A name is 1..128 printable characters without brackets and wildcards, and its file name (`dirname`)
takes at most 200 bytes, so that `NAME.log.3` fits into a directory. The formatter always puts a
name that is not a plain segment into brackets; also a last `service`, which would otherwise be
read as the memo's suffix and dropped.
"""

from __future__ import annotations

from enve_pm.core.filename import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
PLAIN_LENGTH = 64
NAME_LENGTH = 128
DIRNAME_LENGTH = 200
DEPTH = 16
SUFFIX = ".service"

_NOT_IN_NAMES = frozenset("[]*?")


class AddressError(ValueError):
    """The text is no address; the message says what was wanted and what was found."""


def parse(text: str) -> tuple[str, ...]:
    """Split an address into its names: `a.[b.c].d` gives `("a", "b.c", "d")`."""
    if is_plain(text):
        return (text,)  # most are
    pieces = _split(text)
    for name, quoted in pieces:
        if quoted:
            check_name(name)
        elif not is_plain(name):
            raise AddressError(
                f"wanted 1 to {PLAIN_LENGTH} of A-Z a-z 0-9 _ - (other names in brackets), "
                f"found {name!r} in {text!r}"
            )
    return tuple(name for name, _ in pieces)


def format(segments: Sequence[str]) -> str:
    """The one text of an address; `parse` gives the same segments back."""
    if not 1 <= len(segments) <= DEPTH:
        raise AddressError(f"wanted 1 to {DEPTH} segments, found {len(segments)}")
    last = len(segments) - 1
    return ".".join(_quote(name, i == last > 0) for i, name in enumerate(segments))


def leads(name: str, names: Collection[str]) -> bool:
    """Whether `name` is one of the addresses, or a pm on the way to one of them."""
    return name in names or any(other.startswith(name + ".") for other in names)


def is_plain(name: str) -> bool:
    """Whether the name can stand in an address without brackets."""
    return 0 < len(name) <= PLAIN_LENGTH and PLAIN.issuperset(name)


def check_name(name: str) -> str:
    """The name itself, if it can name a unit, a node or a sub-pm."""
    if not 1 <= len(name) <= NAME_LENGTH:
        raise AddressError(f"wanted a name of 1 to {NAME_LENGTH} characters, found {len(name)}")
    if name in (".", ".."):
        raise AddressError(f"wanted a name, found {name!r}, which stands for a directory")
    if not name.isprintable() or name != name.strip():
        raise AddressError(f"wanted printable characters without outer blanks, found {name!r}")
    if not _NOT_IN_NAMES.isdisjoint(name):
        raise AddressError(f"wanted a name without [ ] * ?, found {name!r}")
    size = len(dirname(name))
    if size > DIRNAME_LENGTH:
        raise AddressError(f"wanted at most {DIRNAME_LENGTH} bytes as a file name, found {size}")
    return name


def dirname(name: str) -> str:
    """A file name for a name: safe in every directory, different for different names."""
    return quote(name)


def _quote(name: str, last: bool) -> str:
    if is_plain(name) and not (last and name == SUFFIX[1:]):
        return name
    return f"[{check_name(name)}]"


def _split(text: str) -> list[tuple[str, bool]]:
    """Pairs (segment, stood in brackets); their characters are not judged here."""
    if len(text) > DEPTH * (NAME_LENGTH + 3):
        raise AddressError(f"wanted an address, found {len(text)} characters")
    if text.endswith(SUFFIX):
        text = text[: -len(SUFFIX)]
    pieces: list[tuple[str, bool]] = []
    at = 0
    while True:
        name, quoted, at = _segment(text, at)
        pieces.append((name, quoted))
        if len(pieces) > DEPTH:
            raise AddressError(f"wanted at most {DEPTH} segments, found more in {text!r}")
        if at == len(text):
            return pieces
        if text[at] != ".":
            raise AddressError(f"wanted '.' after ']' at {at}, found {text[at]!r} in {text!r}")
        at += 1


def _segment(text: str, at: int) -> tuple[str, bool, int]:
    """The segment that starts at `at`, and where it ends."""
    if text.startswith("[", at):
        end = text.find("]", at)
        if end < 0:
            raise AddressError(f"wanted ']' for the '[' at {at}, found the end of {text!r}")
        return text[at + 1 : end], True, end + 1
    end = text.find(".", at)
    end = len(text) if end < 0 else end
    if end == at:
        raise AddressError(f"wanted a name at {at}, found nothing in {text!r}")
    return text[at:end], False, end


class Pattern:
    """Selects addresses: `*` and `?` within one segment, `**` for any number of segments."""

    __slots__ = ("segments", "text")

    def __init__(self, text: str, segments: tuple[str, ...]) -> None:
        self.text = text
        self.segments = segments  # "**" as "", which no name can be

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read a pattern; a segment in brackets may hold dots, other signs and wildcards."""
        return cls(text, tuple(_glob(name, quoted, text) for name, quoted in _split(text)))

    def match(self, segments: Sequence[str]) -> bool:
        """Whether the address with these segments is selected."""
        reached = {0}  # places in the pattern that the segments so far can have led to
        for name in segments:
            reached = set(self._step(self._closure(reached), name))
        return len(self.segments) in self._closure(reached)

    def _closure(self, places: Iterable[int]) -> set[int]:
        found: set[int] = set()
        for start in places:
            end = start
            while end < len(self.segments) and not self.segments[end]:
                end += 1
            found.update(range(start, end + 1))
        return found

    def _step(self, places: Iterable[int], name: str) -> Iterable[int]:
        for place in places:
            if place < len(self.segments):
                if not self.segments[place]:
                    yield place
                elif glob(self.segments[place], name):
                    yield place + 1

    def __repr__(self) -> str:
        return f"Pattern({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and self.segments == other.segments

    def __hash__(self) -> int:
        return hash(self.segments)


def _glob(piece: str, quoted: bool, text: str) -> str:
    if piece == "**" and not quoted:
        return ""
    bare = piece.replace("*", "x").replace("?", "x")
    if quoted:
        check_name(bare)
    elif not is_plain(bare):
        raise AddressError(
            f"wanted A-Z a-z 0-9 _ - * ? (others in brackets), found {piece!r} in {text!r}"
        )
    return piece


def glob(pattern: str, name: str) -> bool:
    """Whether `*` (any characters) and `?` (one character) make the pattern equal to the name."""
    p = n = 0
    star = mark = -1  # the last `*`, and where the text that it stands for ends
    while n < len(name):
        if p < len(pattern) and pattern[p] == "*":
            star, mark = p, n
            p += 1
        elif p < len(pattern) and pattern[p] in ("?", name[n]):
            p += 1
            n += 1
        elif star >= 0:
            mark += 1
            p, n = star + 1, mark
        else:
            return False
    return all(c == "*" for c in pattern[p:])
