"""Where a product comes from, as a url.

git+https://HOST/PATH[#REF]   git+http: git+ssh: git+file:///PATH
https://HOST/X.tar.gz[#sha256=HEX]   http:   file:///X.tar.xz
file:///FOLDER   /FOLDER   ./FOLDER          somebody's own folder: used as it is, never cached
store:CATALOG/HASH-TITLE                     what a store has already
"""

from __future__ import annotations

from enve_fire.core import title
from enve_pm.core.fieldcheck import Bad
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

GIT, ARCHIVE, FOLDER, STORE = KINDS = ("git", "archive", "folder", "store")
ENDS = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tar.zst", ".zip")
LONGEST = 4096
_GIT = ("git+https://", "git+http://", "git+ssh://", "git+file:///")
_WEB = ("https://", "http://")
_FILE = "file://"
_SHELL = frozenset("'`\"$;&<>|(){}*?!\\\n")  # ssh may hand its words on to one (ProxyCommand)
_HEX = frozenset("0123456789abcdef")
_PIN = "sha256="
_REPOSITORY = ".git"
_SCHEMES = ("https", "http", "file", "git+https", "git+http", "git+ssh", "git+file")
_MEANT = "a url (did you mean %s ?)"
_NO_BLANKS = "a url without blanks (%20 is one, of the web)"
WANTED = "git+https://, git+http://, git+ssh://, git+file:///, https://, http://, file:///, a path"


class Url(namedtuple("Url", "kind base ref sha256", defaults=("", ""))):
    """`base`: the url without what follows `#`, of a folder and a file its path; `ref`: of git, ""
    for the remote's HEAD, of a store the entry's name; `sha256`: what an archive has to hash to."""

    __slots__ = ()

    if TYPE_CHECKING:
        kind: str
        base: str
        ref: str
        sha256: str

    @property
    def remote(self) -> bool:
        """Whether it names nothing of the machine that reads it."""
        return self.base.startswith((*_WEB, *_GIT[:3]))

    @property
    def text(self) -> str:
        """The one spelling of it."""
        if self.kind == STORE:
            return "store:%s/%s" % (self.base, self.ref)
        base = _FILE + self.base if self.base.startswith("/") else self.base
        tail = self.ref or (_PIN + self.sha256 if self.sha256 else "")
        return base + ("#" + tail if tail else "")


def is_commit(ref: str) -> bool:
    """A whole commit id, of SHA-1 or SHA-256."""
    return len(ref) in (40, 64) and set(ref) <= _HEX


def parse(text: str, folder: str = "") -> Url:
    """`folder`: the absolute folder that relative paths start at; "": there are none. Raises Bad
    (wanted, found)."""
    if not 0 < len(text) <= LONGEST or not text.isprintable() or "\\" in text:
        raise Bad("a url: " + WANTED, text)
    base, _, tail = text.partition("#")
    if " " in text and base.startswith((*_GIT, *_WEB)):
        raise Bad(_NO_BLANKS, text)
    if base.startswith(_GIT):
        return _git(base, tail)
    if base.startswith(_WEB):
        if _bare(base).endswith(_REPOSITORY):
            raise Bad(_MEANT % ("git+" + base), base)
        return Url(ARCHIVE, base, sha256=_pin(tail))
    if base.startswith("store:"):
        return _store(base)
    return _local(base, tail, folder)


def _git(base: str, ref: str) -> Url:
    if "%00" in base:
        raise Bad("a path without NUL", base)
    bad = ref.startswith(("-", "/")) or ".." in ref or set(ref) & set("~^:?*[@{")
    if bad or ref.endswith((".lock", "/", ".")):
        raise Bad("a branch, a tag or a commit id after #", ref)
    return Url(GIT, _bare(base), ref)


def _bare(base: str) -> str:
    """A name and a password before the host would be read by everybody; ssh takes the name."""
    where = base.partition("://")[2].partition("/")[0]
    user, at, host = where.rpartition("@")
    if _SHELL & {*where, *_unquoted(where)}:
        raise Bad("a host without signs that a shell takes for its own", where)
    if not host and not base.startswith("git+file:"):
        raise Bad("a url with a host", base)
    if at and (":" in user or not base.startswith("git+ssh:")):
        raise Bad("a url without a password, which all could read", "one with @")
    if host.startswith("-") or user.startswith("-"):
        raise Bad("a host that does not begin with -", host)
    return base


def _unquoted(text: str) -> str:
    """As git reads it."""
    if "%" not in text:
        return text
    from urllib.parse import unquote

    return unquote(text)


def _pin(tail: str) -> str:
    if not tail:
        return ""
    hex_ = tail[len(_PIN) :]
    if not tail.startswith(_PIN) or len(hex_) != 64 or not set(hex_) <= _HEX:
        raise Bad("#sha256= and 64 hex digits, lower case", "#" + tail)
    return hex_


def _store(base: str) -> Url:
    catalog, slash, name = base[len("store:") :].partition("/")
    if not slash or not title.is_title(catalog) or title.parse_entry(name) is None:
        raise Bad("store:CATALOG/HASH-TITLE", base)
    return Url(STORE, catalog, name)


def _local(base: str, tail: str, folder: str) -> Url:
    path = base[len(_FILE) :] if base.startswith(_FILE) else base
    meant = _meant(path)
    if meant:
        raise Bad(_MEANT % meant, base)
    wrong = base.startswith(_FILE) and not path.startswith("/")
    if "://" in path or wrong or base.startswith("git+"):
        raise Bad(WANTED, base)
    if not path.startswith("/"):
        if not folder:
            raise Bad("an absolute path, or a url", base)
        path = folder + "/" + path
    path = _clean(path)
    if path.endswith(ENDS):
        return Url(ARCHIVE, path, sha256=_pin(tail))
    if tail:
        raise Bad("nothing after the # of a folder", "#" + tail)
    return Url(FOLDER, path)


def _meant(text: str) -> str:
    """What somebody who writes this has in mind, if that is clear: as git takes it, or a typo."""
    first, colon, rest = text.partition(":")
    if colon and "@" in first and "/" not in first and not rest.startswith("//"):
        return "git+ssh://%s/%s" % (first, rest.lstrip("/"))
    if first == "git+file":
        return "git+file:///" + rest.lstrip("/")
    if not rest.startswith("//"):
        return ""
    from difflib import get_close_matches

    near = get_close_matches(first, _SCHEMES, 1)
    return near[0] + "://" if near else ""


def _clean(path: str) -> str:
    steps: list[Any] = []
    for step in path.split("/"):
        if step == ".." and steps:
            steps.pop()
        elif step not in ("", ".", ".."):
            steps.append(step)
    return "/" + "/".join(steps)
