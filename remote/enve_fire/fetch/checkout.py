"""The entry of a store that a url becomes, by all that says what is in it."""

from __future__ import annotations

from enve_fire.core import sums
from enve_fire.core import url as urls
from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_fire.fetch.archive.view import STRIP
from enve_fire.fetch.how import Fetched
from enve_fire.fetch.record import title_of
from enve_fire.store.wanted import Wanted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.core.url import Url
    from enve_fire.fetch.how import How
    from enve_fire.store.entry import Entry
    from enve_fire.store.store import Store

CATALOG = "checkout"


def wanted(url: Url, ref: str, how: How, private: bool) -> Wanted:
    """`ref`: what the reference was found to mean: a commit, or `sha256=HEX`."""
    git = url.kind == urls.GIT
    seen = {
        "subdir": how.subdir,
        "submodules": git and how.submodules,
        "strip": STRIP if git else how.strip,
    }
    text = sums.checkout_text(url.base, ref, seen)
    return Wanted(text, title_of(url.base), CATALOG, private=private, sums=False)


def find(url: Url, ref: str, how: How, private: bool, store: Store) -> Fetched | None:
    """What was fetched before. What everybody may have is private too where it is a package."""
    for hidden in (True,) if private else (False, True):
        found = store.find(wanted(url, ref, how, hidden))
        fetched = found and of(found, pin(url, ref), hidden)
        if fetched:
            return fetched
    return None


def of(entry: Entry, pinned: Url, private: bool) -> Fetched | None:
    """None for an entry that nobody knows the source of any more."""
    note = entry.meta().get("note", {})
    source, epoch = note.get("source"), note.get("epoch", 0)
    if not isinstance(source, str) or type(epoch) is not int:
        return None
    return Fetched(entry.path, source, pinned, entry.name, private, epoch)


def made(entry: Entry, pinned: Url, private: bool) -> Fetched:
    """Of an entry that was there a moment ago. Raises Trouble."""
    found = of(entry, pinned, private)
    if found is None:
        text = "%s: what is known of it is gone" % entry.path
        raise Trouble(CHECKOUT, text, "remove the entry: rm -rf %s" % entry.path)
    return found


def pin(url: Url, ref: str) -> Url:
    """The url that means just this for ever."""
    hex_ = ref.partition("sha256=")[2]
    return url._replace(ref="", sha256=hex_) if hex_ else url._replace(ref=ref)


def offline(url: Url, what: str) -> Trouble:
    hint = "go online once (without --offline and ENVE_OFFLINE), then it is kept"
    return Trouble(CHECKOUT, "%s: %s is not here, and this is offline" % (url.text, what), hint)
