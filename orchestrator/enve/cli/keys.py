"""`enve keys`: make, import, list, export and show the OpenPGP keys of architects and operators."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from enve.cli import arguments
from enve.core.printable import printable
from enve.errors import OK, InputError, MissingError, UsageError, Where

if TYPE_CHECKING:
    from collections.abc import Sequence

    from enve.model.trust import Key
    from enve.trust.keyring import Keyring

SOON = 30 * 86_400  # seconds: a key that expires so soon is worth a word
ABOUT = """\
The keys are those of gpg (GNUPGHOME is honoured); gpg's agent asks for passphrases, also of
smartcards. Give the exported half to the architect: the blueprint names the keys that may march.
exit codes: 0; 64 wrong words; 65 a file that is no key, or a name that is taken; 69 no gpg, or no
such key here"""


def configure(parser: argparse.ArgumentParser) -> None:
    """The verbs of `enve keys`."""
    parser.epilog = ABOUT
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    new = verbs.add_parser("new", help="make an ed25519 key that signs")
    new.add_argument("name", metavar="NAME", help="whose key it is: alice, or 'Alice Example'")
    new.add_argument(
        "--expires", default="2y", metavar="WHEN", help="2027-06-01, 90d, 6m, 2y; 0 = never (2y)"
    )
    new.add_argument(
        "--no-passphrase", action="store_true", help="ask for none: for machines and trials"
    )
    bring = verbs.add_parser("import", help="take a key from a file")
    bring.add_argument("file", metavar="FILE", help="what gpg --export wrote; - = standard input")
    export = verbs.add_parser("export", help="write the public half of a key")
    export.add_argument("key", metavar="NAME|FINGERPRINT")
    export.add_argument("file", nargs="?", default="-", metavar="FILE", help="else to stdout")
    for verb, told in (("list", "all keys"), ("show", "one key, in full")):
        shown = verbs.add_parser(verb, help=told)
        shown.add_argument("key", nargs="?", default="", metavar="NAME|FINGERPRINT")
        shown.add_argument("-o", "--output", type=arguments.one_of(("table", "json")))
        shown.add_argument("--no-headers", action="store_true", help="rows only")


def run(args: argparse.Namespace) -> int:
    """Do what the verb says."""
    from enve.trust.keyring import Keyring  # noqa: PLC0415

    ring = Keyring()
    verbs = {"new": _new, "import": _import, "export": _export, "list": _list, "show": _show}
    verbs[args.verb](ring, args)
    return OK


def _new(ring: Keyring, args: argparse.Namespace) -> None:
    key = ring.make(args.name, expires=args.expires, protect=not args.no_passphrase)
    print("\n".join(described(key, int(time.time()))))
    print(f"Give the public half to the architect: enve keys export {key.fingerprint} FILE")


def _import(ring: Keyring, args: argparse.Namespace) -> None:
    for key in ring.bring(_bytes(args.file), "" if args.file == "-" else args.file):
        print("\n".join(described(key, int(time.time()))))


def _bytes(file: str) -> bytes:
    """As much as a key file may have, and one byte more."""
    from enve.trust.keyring import MAX_KEY_FILE  # noqa: PLC0415

    if file == "-":
        return sys.stdin.buffer.read(MAX_KEY_FILE + 1)
    try:
        with Path(file).open("rb") as stream:
            return stream.read(MAX_KEY_FILE + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=Where(file)) from None


def _export(ring: Keyring, args: argparse.Namespace) -> None:
    key = ring.find(args.key)
    data = ring.export(key, armor=True)
    if args.file == "-":
        sys.stdout.write(data.decode())
        return
    try:
        Path(args.file).write_bytes(data)
    except OSError as error:
        raise MissingError(f"cannot write {args.file}: {error.strerror}") from None
    print(f"{args.file}: {printable(key.name)} {key.fingerprint}")


def _list(ring: Keyring, args: argparse.Namespace) -> None:
    from enve.trust.keyrecord import matching  # noqa: PLC0415

    keys = matching(ring.all(), args.key) if args.key else ring.all()
    if args.output == "json":
        print(json.dumps({"v": 1, "keys": [_document(key) for key in keys]}))
        return
    from enve.cli.table import table  # noqa: PLC0415

    head = [("FINGERPRINT", "NAME", "SIGNS", "EXPIRES")]
    rows = [_row(key, int(time.time())) for key in keys]
    for line in table(rows if args.no_headers else head + rows):
        print(line)
    if not keys and not args.no_headers:
        print("no keys; `enve keys new NAME` makes one", file=sys.stderr)


def _show(ring: Keyring, args: argparse.Namespace) -> None:
    key = ring.find(args.key) if args.key else _only(ring.all())
    if args.output == "json":
        print(json.dumps({"v": 1, **_document(key)}))
        return
    print("\n".join(described(key, int(time.time()))))


def _only(keys: Sequence[Key]) -> Key:
    signing = [key for key in keys if key.secret and not key.flaw]
    if len(signing) == 1:
        return signing[0]
    raise UsageError(f"which key? {len(signing)} here can sign", hint="`enve keys list` shows them")


def _row(key: Key, now: int) -> tuple[str, str, str, str]:
    return key.fingerprint, printable(key.name), _signs(key), _expiry(key, now)


def _signs(key: Key) -> str:
    if key.flaw:
        return key.flaw
    return ("card" if key.card else "yes") if key.secret else "no"


def _expiry(key: Key, now: int) -> str:
    if not key.expires:
        return "never"
    day = time.strftime("%Y-%m-%d", time.gmtime(key.expires))
    return f"{day} (soon)" if 0 < key.expires - now < SOON else day


def described(key: Key, now: int) -> list[str]:
    """A key in full, and what about it needs care."""
    from enve.model.trust import spaced  # noqa: PLC0415

    made = time.strftime("%Y-%m-%d", time.gmtime(key.created))
    lines = [printable(name) for name in key.names] or ["(no name)"]
    lines.append(f"  fingerprint  {spaced(key.fingerprint)}")
    lines.append(f"  kind         {key.algorithm}, made {made}, expires {_expiry(key, now)}")
    where = "on a card" if key.card else "here" if key.secret else "not here"
    lines.append(f"  secret half  {where}")
    return lines + [f"  warning: {warning}" for warning in warnings(key, now)]


def warnings(key: Key, now: int) -> list[str]:
    """Why this key cannot sign, or soon will not."""
    found = []
    if key.flaw:
        found.append(f"of no use for signing: {key.flaw}")
    if not key.secret:
        found.append("its secret half is not here: it can be named in a blueprint, not sign")
    if not key.flaw and 0 < key.expires - now < SOON:
        found.append(f"it expires in {(key.expires - now) // 86_400} days: make its successor")
    return found


def _document(key: Key) -> dict[str, object]:
    return {
        "fingerprint": key.fingerprint,
        "names": list(key.names),
        "algorithm": key.algorithm,
        "created": key.created,
        "expires": key.expires,
        "secret": key.secret,
        "card": key.card,
        "flaw": key.flaw,
    }
