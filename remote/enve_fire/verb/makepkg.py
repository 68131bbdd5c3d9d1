"""`makepkg [URL] [-f FILE] [-o OUT] [--owners WAY] [--sign KEY]`: one file of what is built;
`makepkg --import F [--keyring KEYS]`: into the store."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from enve_fire.verb.words import Words

FLAGS = {
    **{"-f": True, "-o": True, "--owners": True, "--sign": True},
    **{"--import": True, "--keyring": True},
    **{"--refresh": False, "--offline": False, "--trust": False},
}


def main(words: Sequence[str]) -> int:
    """Prints the path. Raises Trouble, OSError."""
    from enve_fire.app.packed import Asked, packed
    from enve_fire.core.trouble import USAGE, Trouble
    from enve_fire.pack.session import AUTO, WAYS
    from enve_fire.verb.fire import context_of, loaded
    from enve_fire.verb.words import Words

    found = Words(words, FLAGS)
    if found.has("--import"):
        return _import(found)
    rest = found.takes(0, 1, "[URL] and flags: " + " ".join(FLAGS))
    way = found.text("--owners", AUTO)
    if way not in WAYS:
        raise Trouble(USAGE, "--owners: wanted one of %s, found %s" % (" ".join(WAYS), way))
    ctx = context_of(found)
    product = loaded(rest[0] if rest else ".", found.text("-f"), ctx, found.has("--trust")).product
    print(packed(product, Asked(found.text("-o"), way, found.text("--sign")), ctx))
    return 0


def _import(found: Words) -> int:
    import os

    from enve_fire.pack.unpacked import import_package
    from enve_fire.store.store import Store

    found.takes(0, 0, "no other words")
    store = Store.of(os.environ)
    print(import_package(found.text("--import"), store, found.text("--keyring")).path)
    return 0
