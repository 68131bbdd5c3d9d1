"""`artifact` of a commit: whether nodes build it, get what was built here, or fetch a package."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from enve.errors import InputError
from enve.load.profile.checkout import Checkout
from enve.load.yaml.item import Item
from enve_fire.core import package as packages
from enve_fire.core import profile, sums, url
from enve_fire.core.package import Package
from enve_fire.core.product import Product
from enve_fire.core.trouble import Trouble
from enve_pm.core.canonical import dumps
from enve_pm.core.refusal import FormatError

BUILD, PUSH = "build", "push"  # where it is built: on each node, or here
HINT = "`enve makepkg` makes one, and a web server has it; artifact: push brings it with the plan"


class Built(NamedTuple):
    """An artifact that was built on this machine, and what it is for."""

    folder: Path
    source: str
    platform: list[str]


Build = Callable[[Product], Built]  # raises Trouble


def nowhere(_product: Product) -> Built:
    raise Trouble(69, "nothing is built here", "artifact: build")


class PlanArtifacts:
    """Each is built once for all spots of a plan."""

    def __init__(self, checkout: Checkout, build: Build) -> None:
        self._checkout = checkout
        self._build = build
        self._built: dict[str, Built] = {}

    def pushed(self, product: Product) -> Built:
        """Raises Trouble."""
        key = _key(product)
        if key not in self._built:
            self._built[key] = self._build(product)
        return self._built[key]

    def pinned(self, item: Item, where: url.Url, product: Product, what: str) -> str:
        """The url of a package that is the product's. For which kind of machine it is, each node
        sees for itself. Raises InputError."""
        if where.kind != url.ARCHIVE or where.base.startswith("/"):
            raise item.bad(f"{what}: {where.text}: wanted a package by http(s)", hint=HINT)
        try:
            found = self._checkout(where, {**profile.section({}, "checkout"), "strip": 0})
            package = _package(found.folder)
        except Trouble as trouble:
            raise unmade(item, what, trouble) from None
        except (OSError, FormatError):
            raise item.bad(f"{what}: {where.text} is no package", hint=HINT) from None
        flaw = packages.misfit(package, product.table, product.source)
        if flaw:
            raise item.bad(f"{what}: {where.text} {flaw}", hint="make it of what the plan says")
        return found.pinned.text


def unmade(item: Item, what: str, trouble: Trouble) -> InputError:
    """What stands there could not be fetched or built here: it may be right all the same, so the
    exit code is that of the stage."""
    notes = (f"all that was printed: {trouble.log}",) if trouble.log else ()
    error = item.bad(f"{what}: {trouble.message}", notes=notes, hint=trouble.hint)
    error.exit_code = trouble.code
    return error


def _package(folder: Path) -> Package:
    """Raises FormatError, OSError."""
    with (folder / packages.MEMBER).open("rb") as file:
        return packages.read(file.read(packages.LARGEST))


def _key(product: Product) -> str:
    """Equal texts: one artifact. All that the hash of a build is of, as far as it is known before
    anything is fetched for it."""
    table = product.table
    deps = table.get("deps", {}).get(profile.BUILD, [])
    known = sums.build_text(table, product.source, (), ())
    return dumps([product.url, profile.section(table, "checkout"), deps, known]).decode()
