"""Entries that somebody else has made, from prefixes of http(s):

PREFIX/HASH-TITLE.tar.gz (or .tar.xz)    an entry as `store.archive` packs it
PREFIX/HASH-TITLE.sig                    whose it is, see `store.signature`
"""

from __future__ import annotations

import os

from enve_fire.core.trouble import CHECKOUT, MISS, MISSING, REFUSED, Trouble
from enve_fire.fetch.web.answered import GONE, Answered
from enve_fire.fetch.web.download import Download
from enve_fire.store import archive, draft, signature
from enve_fire.store.store import miss
from enve_fire.tree.pieces import sha256_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

    from enve_fire.fetch.how import How
    from enve_fire.store.entry import Entry
    from enve_fire.store.making import Method
    from enve_fire.store.store import Store
    from enve_fire.store.wanted import Wanted

RETRIES = 1  # it can be made here instead
_SIG_LIMIT = 1 << 14  # bytes


def get(wanted: Wanted, method: Method | None, store: Store, how: How) -> Entry:
    """What is here, or what somebody serves; else it is made. Raises what the method raises,
    Trouble, OSError."""
    return served(wanted, store, how) or store.make(wanted, method, how.report)


def served(wanted: Wanted, store: Store, how: How) -> Entry | None:
    """What is here, or what the first prefix has that has it; None where nobody serves it. Nobody
    is asked for what is private, or may change. Raises Trouble (REFUSED) where somebody has it and
    nobody whose word counts has signed that; OSError."""
    if not store.webs or how.alone or wanted.private or wanted.mutable:
        return None
    try:
        return store.fill(wanted, _Asking(wanted, store, how).run, how.report)
    except Trouble as trouble:
        if trouble.code != MISS:
            raise
        return None


class _Asking:
    def __init__(self, wanted: Wanted, store: Store, how: How) -> None:
        self._wanted = wanted
        self._store = store
        self._how = how

    def run(self, out: str) -> None:
        """Into the empty folder of a draft. Raises Trouble (MISS)."""
        for number, prefix in enumerate(tuple(self._store.webs)):
            folder = draft.beside(out, "from%d" % number)
            try:
                url = self._tried(prefix, folder, out)
            except Trouble as trouble:
                if trouble.code != REFUSED:
                    raise
                # It may have been replaced between the archive and its signature.
                url = self._tried(prefix, folder + ".again", out)
                if not url:
                    raise
            if url:
                self._how.report("%s: taken" % url)
                return
        raise miss(self._wanted)

    def _tried(self, prefix: str, folder: str, out: str) -> str:
        """The url that it was taken from; "" if none."""
        os.mkdir(folder, 0o700)
        url, path = self._download(prefix, folder)
        return url if path and self._taken(url, path, folder, out) else ""

    def _download(self, prefix: str, folder: str) -> tuple[str, str]:
        """(url, path) of the archive; "" for none. Who is away, is not asked again."""
        url = ""
        for end in archive.ENDS:
            url = "%s/%s%s" % (prefix, self._wanted.name, end)
            try:
                return url, self._get(url, folder, self._how.limit)
            except Answered as answered:
                if answered.status in GONE:
                    continue
                why: Trouble = answered
            except Trouble as trouble:
                if trouble.code not in (CHECKOUT, MISSING):
                    raise
                why = trouble
            self._how.report("%s; goes without" % why.message)
            self._store.webs = [one for one in self._store.webs if one != prefix]
            break
        return url, ""

    def _get(self, url: str, folder: str, limit: int) -> str:
        work = Download(url, folder, self._how._replace(limit=limit), retries=RETRIES)
        return str(work.run().path)

    def _taken(self, url: str, path: str, folder: str, out: str) -> bool:
        """Whether it is still good. Nothing of it is read before it is known to be somebody's."""
        tree = folder + "/tree"
        os.mkdir(tree, 0o700)
        try:
            with open(path, "rb") as file:
                signer = self._signer(url, sha256_of(file.fileno()), folder)
                facts = archive.unpack(file, tree)
            _alike(facts, self._wanted)
        except Trouble as trouble:
            raise trouble.of(url) from None
        if not _good(facts, self._wanted, tree + "/" + draft.OUT):
            return False
        os.rmdir(out)
        os.rename(tree + "/" + draft.OUT, out)
        note = {**facts["note"], "from": url, "signed": signer}
        draft.state(out, draft.FACTS, {**facts, "note": note})
        return True

    def _signer(self, url: str, sum_: str, folder: str) -> str:
        ring = self._store.ring
        if not ring:
            hint = "%s names a file of public keys; on a node, a keyhole that may build"
            raise Trouble(REFUSED, "nobody says whose signatures count", hint % signature.RING)
        if isinstance(ring, str):
            ring = signature.ring(ring, self._store.me)
        check, name = folder + "/check", self._wanted.name
        os.mkdir(check, 0o700)
        statement = signature.statement(sum_, name)
        draft.write(folder + "/statement", statement, 0o600)
        said = self._signature(url.rpartition("/")[0] + "/" + name + archive.SIG, folder)
        return signature.check(ring, said, folder + "/statement", check)

    def _signature(self, url: str, folder: str) -> bytes:
        inner = folder + "/sig"
        os.mkdir(inner, 0o700)
        try:
            with open(self._get(url, inner, _SIG_LIMIT), "rb") as file:
                return file.read()
        except Trouble as trouble:
            raise Trouble(REFUSED, "it is not signed: %s" % trouble.message) from None


def _alike(facts: Mapping[str, Any], wanted: Wanted) -> None:
    """Raises Trouble where it is not what is wanted, though it bears the name."""
    from enve_pm.core.digest import sha256

    numbers = [facts["made"], facts["expires"]]
    good = all(type(one) is int and one >= 0 for one in numbers) and isinstance(facts["note"], dict)
    if not good or facts["title"] != wanted.title or not isinstance(facts["deps"], list):
        raise Trouble(REFUSED, "it says other things than entries do")
    if facts["text"] != sha256(wanted.text.encode()).hexdigest():
        raise Trouble(REFUSED, "it was made for another text")


def _good(facts: Mapping[str, Any], wanted: Wanted, path: str) -> bool:
    import time

    now, made = time.time(), facts["made"]
    if (facts["expires"] and now >= facts["expires"]) or (wanted.ttl and now >= made + wanted.ttl):
        return False
    return wanted.check is None or wanted.check(path)
