"""`fire [TARGET] [URL]`: a product whose profile is a rendered table: its own `enve.json`, or the
file that -f names."""

from __future__ import annotations

import os
import sys

from enve_fire.app.quick import RUN, quick, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from enve_fire.app.request import Loaded
    from enve_fire.core.product import Product
    from enve_fire.stage.context import Context

FILE = "enve.json"  # beside a source
LONGEST = 16 << 20  # bytes of a profile
FLAGS = {
    **{"-f": True, "--root": True, "--refresh": False, "--offline": False},
    **{"--check": False, "--purge": False, "--trust": False},
}


def main(words: Sequence[str]) -> int:
    """Its exit status; what runs takes the place of this process. Raises Trouble, OSError."""
    quick(words, os.environ)
    return _slow(words)


def _slow(words: Sequence[str]) -> int:
    from enve_fire.app.fire import fire
    from enve_fire.app.request import Request
    from enve_fire.verb.words import Words

    before, more = split(words)
    found = Words(before, FLAGS)
    target, url = _meant(list(found.rest))
    ctx, file = context_of(found), found.text("-f")
    keep = not found.has("--refresh")
    check, purge = found.has("--check"), found.has("--purge")
    request = Request(target, before, more, found.text("--root"), "", check, keep, purge)
    return fire(request, lambda: loaded(url, file, ctx, found.has("--trust")), ctx)


def _meant(rest: list[str]) -> tuple[str, str]:
    """The target and the url. Raises Trouble."""
    from enve_fire.app.request import TARGETS
    from enve_fire.core.trouble import USAGE, Trouble

    target = RUN
    if rest and rest[0] in TARGETS:
        target = rest.pop(0)
    elif rest:
        _names_something(rest[0], TARGETS)
    if len(rest) > 1:
        hint = "words for it stand behind --"
        raise Trouble(USAGE, "wanted [%s] [URL]" % "|".join(TARGETS), hint)
    return target, rest[0] if rest else "."


def _names_something(word: str, targets: Sequence[str]) -> None:
    """A word that is no target is a url, a path, or called so in this folder. Raises Trouble."""
    from enve_fire.core.trouble import USAGE, Trouble
    from enve_pm.shell.words import nearest

    if not set(word) & set("/:.") and not os.path.lexists(word):
        told = "%s is no target, nor is anything here called so" % word
        raise Trouble(USAGE, told + nearest(word, targets), "wanted [%s] [URL]" % "|".join(targets))


def context_of(found: Any) -> Context:
    from enve_fire.core import profile
    from enve_fire.fetch.how import How
    from enve_fire.stage.context import context
    from enve_fire.store.store import Store

    refresh = profile.ALWAYS if found.has("--refresh") else profile.NEVER
    how = How(found.has("--offline"), refresh, report=_report, environ=os.environ)
    return context(os.environ, Store.of(os.environ, offline=how.offline), how, _report)


def _report(line: str) -> None:
    print(line, file=sys.stderr)


def loaded(url: str, file: str, ctx: Context, trust: bool = False) -> Loaded:
    """A folder of somebody's own is not hashed before its profile is known. `trust`: what was
    fetched may say how its build is kept in."""
    from enve_fire.app.request import Loaded
    from enve_fire.core.product import Product
    from enve_fire.core.url import FOLDER
    from enve_fire.stage.checkout import checkout, parsed, pinned

    folder = os.getcwd()
    where = parsed(url, folder)
    if file:
        table, files = _table(os.path.join(folder, file))
    elif where.kind == FOLDER and os.path.isdir(where.base):
        table, files = _table(where.base + "/" + FILE)
    else:
        table, files = _table(checkout(url, None, ctx, folder).path + "/" + FILE)
        if not trust:
            _kept_in(Product(url, "", table))
    return Loaded(Product(*pinned(url, table, ctx, folder), table), files)


def _kept_in(product: Product) -> None:
    """How a build is kept in, and what is setuid, says who calls. Raises Trouble."""
    from enve_fire.core import profile
    from enve_fire.core.trouble import INPUT, Trouble

    for one in product.each():
        for key, value in profile.loose(one.table):
            told = "%s: %s is %.80s in what was fetched" % (one.name, key, value)
            raise Trouble(INPUT, told, "--trust, or a profile of your own by -f")


def _table(path: str) -> tuple[Mapping[str, Any], Mapping[str, bytes]]:
    """(table, {path: its bytes}). Raises Trouble."""
    from enve_fire.core import profileshape
    from enve_fire.core.trouble import INPUT, Trouble
    from enve_pm.core.canonical import loads
    from enve_pm.core.fieldcheck import Bad
    from enve_pm.core.refusal import FormatError

    try:
        with open(path, "rb") as file:
            data = file.read(LONGEST)
        table = profileshape.check(loads(data))
    except FileNotFoundError:
        hint = "-f FILE names a profile that lies elsewhere"
        raise Trouble(INPUT, "%s: there is no profile" % path, hint) from None
    except FormatError as error:
        raise Trouble(INPUT, "%s: %s" % (path, error)) from None
    except Bad as bad:
        wanted, found, *where = bad.args
        at = where[0] + ": " if where else ""
        raise Trouble(INPUT, "%s: %swanted %s, found %.80r" % (path, at, wanted, found)) from None
    return table, {path: data}
