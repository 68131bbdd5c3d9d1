"""What the references of a repository are called, and which one is meant. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Mapping

HEAD = "HEAD"
HEADS, TAGS = "refs/heads/", "refs/tags/"
_HEX = frozenset("0123456789abcdef")
MOST = 10_000  # names that are compared with one
_SHORTEST = 7  # of what looks like the beginning of a commit id


def candidates(ref: str) -> list[str]:
    """The whole names that it may stand for, the likeliest first, as git has it."""
    if ref in ("", HEAD):
        return [HEAD]
    if ref.startswith("refs/"):
        return [ref]
    return [TAGS + ref, HEADS + ref, "refs/" + ref]


def listed(text: str) -> dict[str, str]:
    """{whole name: id} of what `git ls-remote` prints; lines of another kind are left out."""
    found = {}
    for line in text.split("\n"):
        id_, tab, name = line.partition("\t")
        if tab and len(id_) in (40, 64) and set(id_) <= _HEX:
            found[name] = id_
    return found


def chosen(ref: str, found: Mapping[str, str]) -> str:
    """The whole name of the one that is meant; "" if it is not there."""
    return next((name for name in candidates(ref) if name in found), "")


def short(name: str) -> str:
    """As people call a branch or a tag."""
    for start in (HEADS, TAGS):
        if name.startswith(start):
            return name[len(start) :]
    return name


def hint(ref: str, names: Iterable[str]) -> str:
    """What to do about one that is not there."""
    if len(ref) >= _SHORTEST and set(ref) <= _HEX:
        return "a commit is named by its whole id, of 40 or 64 digits"
    said = (name for name in names if name.isprintable() and not name.endswith("^{}"))
    known = sorted({short(name) for name in said if name != HEAD})[:MOST]
    if not known:
        return "there is nothing in it yet: push something"
    from difflib import get_close_matches

    near = get_close_matches(ref, known, 3, 0.5)
    if near:
        return "did you mean %s?" % " or ".join(near)
    return "there are: %s%s" % (", ".join(known[:12]), ", ..." if len(known) > 12 else "")
