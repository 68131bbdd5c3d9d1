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
    """`ring`: the keys that count, or the file with them; `prefixes`: without a slash at the
    end."""

    def __init__(self, prefixes: Sequence[str], ring: str | bytes, me: int) -> None:
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
        for number, prefix in enumerate(self.prefixes):
            folder = draft.beside(out, "from%d" % number)
            os.mkdir(folder, 0o700)
            with open(folder + "/archive", "w+b") as file:
                url = self._download(prefix, wanted.name, file, report)
                facts = self._taken(url, wanted, file, folder) if url else None
            if facts is not None:
                os.rmdir(out)
                os.rename(folder + "/tree/" + draft.OUT, out)
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
        self, url: str, wanted: Wanted, file: BinaryIO, folder: str
    ) -> Mapping[str, Any] | None:
        """None where it is no longer good."""
        try:
            signer = self._signer(url, wanted.name, file, folder)
            tree = folder + "/tree"
            os.mkdir(tree, 0o700)
            file.seek(0)
            facts = archive.unpack(file, tree)
            _alike(facts, wanted)
        except Trouble as trouble:
            raise Trouble(trouble.code, "%s: %s" % (url, trouble.message), trouble.hint) from None
        note = {**facts["note"], "from": url, "signed": signer}
        return {**facts, "note": note} if _good(facts, wanted, tree + "/" + draft.OUT) else None

    def _signer(self, url: str, name: str, file: BinaryIO, folder: str) -> str:
        if not self._ring:
            hint = "%s names a file of public keys; on a node, a keyhole that may build"
            hint %= signature.RING
            raise Trouble(REFUSED, "nobody says whose signatures count", hint)
        with open(folder + "/sig", "w+b") as target:
            why = _get(url.rpartition("/")[0] + "/" + name + SIG, target, _SIG_LIMIT)
            if why:
                raise Trouble(REFUSED, "it is not signed: %s" % why)
            target.seek(0)
            said = target.read()
        ring = self._ring
        if isinstance(ring, str):
            ring = signature.ring(ring, self._me)
        os.mkdir(folder + "/check", 0o700)
        statement = signature.statement(archive.sum_of(file), name)
        draft.write(folder + "/statement", statement, 0o600, sync=False)
        return signature.check(ring, said, folder + "/statement", folder + "/check")


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
