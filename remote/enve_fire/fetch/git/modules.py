"""Submodules: which there are in a tree, and where they come from. Pure.

What a stranger's .gitmodules says is a url as any other: it may name no program, no option, and a
folder of this machine only where the repository itself is one.
"""

from __future__ import annotations

from enve_fire.core import url as urls
from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_pm.core.fieldcheck import Bad
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping, Sequence

    from enve_fire.core.url import Url

MOST = 256
DEPTH = 8
_LINK = "160000"
_SCHEMES = ("https://", "http://", "ssh://", "file:///")


class Module(namedtuple("Module", "path url")):
    """`path`: below the folder that is made; `url`: with the commit."""

    __slots__ = ()

    if TYPE_CHECKING:
        path: str
        url: Url


def links(listing: str) -> Sequence[tuple[str, str]]:
    """(path, commit) of what `git ls-tree -r -z` shows of other repositories. Raises Trouble for a
    path that leads elsewhere: git shows what a tree holds, also what it would not check out."""
    found = []
    for row in listing.split("\0"):
        facts, tab, path = row.partition("\t")
        words = facts.split(" ")
        if tab and words[0] == _LINK and len(words) == 3:
            if not {"", ".", ".."}.isdisjoint(path.split("/")):
                told = "a submodule lies at %s, which leads elsewhere" % ascii(path[:200])
                raise Trouble(CHECKOUT, told, "tell its owner")
            found.append((path, words[2]))
    return found


def modules(
    found: Sequence[tuple[str, str]], said: str, parent: str, subdir: str
) -> Sequence[Module]:
    """`said`: what `git config -z --list` prints of .gitmodules. Raises Trouble."""
    if len(found) > MOST:
        raise Trouble(CHECKOUT, "%s: more than %d submodules" % (parent, MOST))
    known = _urls(said)
    return [
        Module(path, _url(known.get(subdir + "/" * bool(subdir) + path, ""), id_, parent, path))
        for path, id_ in found
    ]


def _urls(said: str) -> Mapping[str, str]:
    """{path: url} by the names that both stand under."""
    facts: dict[str, dict[str, str]] = {}
    for row in said.split("\0"):
        key, _, value = row.partition("\n")
        section, _, rest = key.partition(".")
        name, _, fact = rest.rpartition(".")
        if section == "submodule":
            facts.setdefault(name, {})[fact] = value
    return {
        one["path"].rstrip("/"): one["url"] for one in facts.values() if {"path", "url"} <= set(one)
    }


def _url(said: str, id_: str, parent: str, path: str) -> Url:
    where = "%s: its submodule %s" % (parent, ascii(path[:200]))
    if not said:
        raise Trouble(CHECKOUT, where + " has no url in .gitmodules", "tell its owner")
    whole = absolute(said, parent)
    local = whole.startswith("git+file:") and not parent.startswith("git+file:")
    try:
        found = urls.parse(whole + "#" + id_)
    except Bad as bad:
        raise Trouble(CHECKOUT, "%s: wanted %s, found %r" % (where, *bad.args[:2])) from None
    if local or found.kind != urls.GIT or found.ref != id_:
        raise Trouble(CHECKOUT, "%s lies at %s, which is not fetched" % (where, ascii(said[:200])))
    return found


def absolute(said: str, parent: str) -> str:
    """As a url of ours: of a relative one, of `HOST:PATH`, of a path."""
    if said.startswith(("./", "../")):
        return _relative(said, parent)
    if said.startswith(_SCHEMES):
        return "git+" + said
    if said.startswith("/"):
        return "git+file://" + said
    host, colon, path = said.partition(":")
    if colon and "/" not in host and not path.startswith("//"):
        return "git+ssh://%s/%s" % (host, path.lstrip("/"))
    return said


def _relative(said: str, parent: str) -> str:
    scheme, _, rest = parent.rstrip("/").partition("://")
    host, *steps = rest.split("/")
    for step in said.split("/"):
        if step == ".." and steps:
            steps.pop()
        elif step not in (".", "..", ""):
            steps.append(step)
    return "%s://%s/%s" % (scheme, host, "/".join(steps))
