"""Packages: an artifact in one file, which says first what it is.

Its first member is MEMBER, canonical JSON in one line:

    {"bh":HASH,"enve":1,"epoch":SECONDS,"platform":[...],"prefix":"/opt/lua","source":"git:...",
     "table":{...},"text":TEXT,"title":"lua","version":"5.4.4"}

`bh`: the hash of the build (`core.sums`); `text`: what a store knows the artifact by; `platform`:
empty where nothing was built; `table`: the profile without what is set up and run with: these are
no part of the artifact, and may hold secrets; so of its deps, and of one from a path on the machine
only the name is in its url (`local:liba-1.0`). All other members lie below a root, as they do when
it is installed.
"""

from __future__ import annotations

from enve_fire.core import profile, profilefields, profileshape
from enve_fire.core import title as titles
from enve_fire.core.digest import is_hash
from enve_pm.core import stagebody
from enve_pm.core.canonical import dumps, loads
from enve_pm.core.fieldcheck import Bad, integer, record, text
from enve_pm.core.lean import namedtuple
from enve_pm.core.refusal import FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, Sequence

    from enve_fire.core.product import Product

MEMBER = ".enve/pkg.json"
LARGEST = 16 << 20  # bytes of MEMBER
SHORT = 8  # characters of bh in the name of a file
ANY = "any"
LOCAL = "local:"  # before the name of a dep that lay on the machine that packed
_HERE = ("file:", "git+file:", "/", ".")
GZIP, XZ, ZSTD = ENDS = (".tar.gz", ".tar.xz", ".tar.zst")


class Package(namedtuple("Package", "bh epoch platform prefix source table text title version")):
    """What MEMBER says."""

    __slots__ = ()

    if TYPE_CHECKING:
        bh: str
        epoch: int
        platform: Sequence[str]
        prefix: str
        source: str
        table: Mapping[str, Any]
        text: str
        title: str
        version: str

    def data(self) -> bytes:
        return dumps({"enve": 1, **self._asdict()}) + b"\n"

    @property
    def name(self) -> str:
        """`lua-5.4.4-linux-x86_64-abcdefgh`"""
        plat = "-".join(self.platform[:2]).lower() or ANY
        product = titles.product(self.title, self.version)
        return "%s-%s-%s" % (product, plat, self.bh[:SHORT])


def of(product: Product, bh: str, text: str, epoch: int, platform: Sequence[str]) -> Package:
    """What makepkg packs. `bh`: the hash of the build; `text`: what that is of; `epoch`: s."""
    table = product.table
    plat = list(platform) if profile.builds(table) else []
    version = table.get("version", "")
    head = (bh, epoch, plat, table["prefix"], product.source)
    return Package(*head, _plain(table), text, table["title"], version)


def _plain(table: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is part of the artifact. Where a dep lay on the machine that packed says nothing to
    others: its source and its table are what it is."""
    found = {key: table[key] for key in table if key not in ("setup", "run", "execute")}
    if "deps" in found:
        found["deps"] = {kind: list(map(_dep, rows)) for kind, rows in found["deps"].items()}
    return found


def _dep(row: Mapping[str, Any]) -> Mapping[str, Any]:
    url = LOCAL + profile.product(row["table"]) if row["url"].startswith(_HERE) else row["url"]
    return {**row, "url": url, "table": _plain(row["table"])}


def misfit(package: Package, table: Mapping[str, Any], source: str = "") -> str:
    """What keeps it from being the artifact of a product; "" if nothing does. `source`: what that
    is made of, "" where the package stands in the place of it."""
    whose, wanted = package.title, table["title"]
    if whose != wanted:
        return "is a package of %s, and not of %s" % (whose, wanted)
    if package.prefix != table["prefix"]:
        return "is for the prefix %s, and not for %s" % (package.prefix, table["prefix"])
    if source and package.source != source:
        return "was built of %s, and %s is %s" % (package.source, profile.product(table), source)
    return ""


def _hash(value: Any) -> Any:
    if not isinstance(value, str) or not is_hash(value):
        raise Bad("a hash", value)
    return value


_shape = record(
    {
        "enve": integer(1, 1),
        "bh": _hash,
        "epoch": integer(0, 1 << 33),
        "platform": stagebody.platform,
        "prefix": profilefields.prefix,
        "source": text(128),
        "table": profileshape.check,
        "text": text(LARGEST),
        "title": profilefields.title,
        "version": profilefields.version,
    }
)


def read(data: bytes) -> Package:
    """Raises FormatError."""
    value = loads(data)
    try:
        _shape(value)
    except Bad as bad:
        where = bad.args[2] if len(bad.args) > 2 else ""
        told = "%s%s: wanted %s, found %.80r" % (MEMBER, where, *bad.args[:2])
        raise FormatError(told) from None
    del value["enve"]
    return Package(**value)
