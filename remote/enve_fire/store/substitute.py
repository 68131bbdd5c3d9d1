"""Entries that somebody else has made, from prefixes of http(s):

PREFIX/HASH-TITLE.tar.gz (or .tar.xz)    an entry as `archive` packs it
PREFIX/HASH-TITLE.sig                    whose it is, see `signature`
"""

from __future__ import annotations

import os

from enve_fire.core.trouble import REFUSED, Trouble
from enve_fire.store import archive, draft, signature

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Callable, Mapping, Sequence

    from enve_fire.store.wanted import Wanted

ENDS = (".tar.gz", ".tar.xz")
SIG = ".sig"
LIMIT = 2 << 30  # bytes of an archive
_SIG_LIMIT = 1 << 14


class Substitutes:
    """`ring`: the file with the keys that count; `prefixes`: without a slash at the end."""

    def __init__(self, prefixes: Sequence[str], ring: str, me: int) -> None:
        self.prefixes = prefixes
        self._ring = ring
        self._me = me

    def bring(
        self, wanted: Wanted, out: str, report: Callable[[str], None]
    ) -> Mapping[str, Any] | None:
        """Fill `out` with what the first of them has; its facts, or None where none has it. Raises
        Trouble (REFUSED) where one has it and nobody whose word counts has signed that."""
        if wanted.private or wanted.mutable:
            return None
        for prefix in self.prefixes:
            with open(draft.beside(out, "archive"), "w+b") as file:
                url = self._download(prefix, wanted.name, file, report)
                facts = self._taken(prefix, url, wanted, file, out) if url else None
            if facts is not None:
                report("%s: taken" % url)
                return facts
        return None

    def _download(
        self, prefix: str, name: str, file: BinaryIO, report: Callable[[str], None]
    ) -> str:
        """The url that it has; "" for none."""
        for end in ENDS:
            url = "%s/%s%s" % (prefix, name, end)
            why = _get(url, file, LIMIT)
            if not why:
                return url
            if ": 404 " not in why:
                report("%s; goes without" % why)
                break
        return ""

    def _taken(
        self, prefix: str, url: str, wanted: Wanted, file: BinaryIO, out: str
    ) -> Mapping[str, Any] | None:
        """None where it is no longer good."""
        signer = self._signer(prefix, url, wanted.name, file, out)
        folder = draft.beside(out, "brought")
        os.mkdir(folder, 0o700)
        file.seek(0)
        facts = archive.unpack(file, folder)
        why = _unlike(facts, wanted)
        if why:
            raise Trouble(REFUSED, "%s: %s" % (url, why))
        if not _good(facts, wanted, folder + "/" + draft.OUT):
            return None
        os.rmdir(out)
        os.rename(folder + "/" + draft.OUT, out)
        return {**facts, "note": {**facts["note"], "from": url, "signed": signer}}

    def _signer(self, prefix: str, url: str, name: str, file: BinaryIO, out: str) -> str:
        if not self._ring:
            text = "%s: nobody says whose signatures count" % url
            raise Trouble(REFUSED, text, "%s names a file of public keys" % signature.RING)
        sig = draft.beside(out, "sig")
        with open(sig, "w+b") as target:
            why = _get("%s/%s%s" % (prefix, name, SIG), target, _SIG_LIMIT)
            if why:
                raise Trouble(REFUSED, "%s is not signed: %s" % (url, why))
            target.seek(0)
            said = target.read()
        folder = draft.beside(out, "check")
        os.mkdir(folder, 0o700)
        ring = signature.ring(self._ring, self._me)
        try:
            return signature.check(
                ring, said, signature.statement(archive.sum_of(file), name), folder
            )
        except Trouble as trouble:
            raise Trouble(trouble.code, "%s: %s" % (url, trouble.message), trouble.hint) from None


def _get(url: str, file: BinaryIO, limit: int) -> str:
    """Into an open file, anew; why not, or ""."""
    from enve_pm.loader.trouble import Trouble as Refusal
    from enve_pm.loader.web import fetch

    file.seek(0)
    file.truncate()
    try:
        fetch(url, "", {}, file, limit)
        file.flush()
    except Refusal as why:
        return str(why)
    return ""


def _unlike(facts: Mapping[str, Any], wanted: Wanted) -> str:
    """Why it is not what is wanted, though it bears the name; "" for nothing."""
    from enve_pm.core.digest import sha256

    numbers = [facts["made"], facts["expires"]]
    good = all(type(one) is int and one >= 0 for one in numbers) and isinstance(facts["note"], dict)
    if not good or facts["title"] != wanted.title or not isinstance(facts["deps"], list):
        return "it says other things than entries do"
    if facts["text"] != sha256(wanted.text.encode()).hexdigest():
        return "it was made for another text"
    return ""


def _good(facts: Mapping[str, Any], wanted: Wanted, path: str) -> bool:
    import time

    now, made = time.time(), facts["made"]
    if (facts["expires"] and now >= facts["expires"]) or (wanted.ttl and now >= made + wanted.ttl):
        return False
    return wanted.check is None or wanted.check(path)
