"""Profiles: what a product's `enve.yml` says, merged, rendered and checked, with all it needs.

    top of the file < profiles.NAME < config < --set

The result is a strict table (`enve_fire.core.profile`): stages and nodes read nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from enve.errors import InputError
from enve.load.item import Item
from enve.load.profiledep import Asked
from enve.load.profiledeps import Chain, Checked, Checkout, Deps, Found, key_of
from enve.load.profilefolder import PROFILES, Beside, Unreadable
from enve.load.profilelayers import layered
from enve.load.profilescope import Workshop
from enve.load.profiletable import Made, make
from enve.load.secret import Secrets
from enve.load.yamlfile import parse_yaml, read_bytes
from enve_fire.core.url import FOLDER, Url

__all__ = ["Asked", "Checked", "Loaded", "Profiles"]

AS_DEP = ("test", "setup", "settle")  # what nobody does with a product that another one needs
PLAIN = Asked()


class Loaded(NamedTuple):
    """A profile. `table`: see `core.profile`; `files`: path -> bytes of all that was read for it,
    deps' too; `names`: section -> the variables it was made with; `secrets`: values that must not
    be shown."""

    table: dict[str, Any]
    files: Mapping[str, bytes]
    names: Mapping[str, frozenset[str]]
    secrets: frozenset[str]


class Profiles:
    """Loads profiles. `checkout`: see `profiledeps`; None: deps are refused. `secrets`: those that
    a profile may name. Every method raises InputError, and Trouble from the checkout."""

    def __init__(self, checkout: Checkout | None = None, secrets: Secrets | None = None) -> None:
        self._beside = Beside()
        self._shop = Workshop(secrets or Secrets(None), self._beside)
        self._foreign = Workshop(Secrets(None), self._beside)  # a dep gets no secret
        self._deps = Deps(checkout, self._dep)

    def folder(self, folder: Path, asked: Asked = PLAIN) -> Loaded:
        """The profile of a product that lies in a folder."""
        url = Url(FOLDER, str(folder.resolve()))
        chain = Chain((key_of(url, asked),), (url.text,))
        return self._loaded(self._made(folder, asked, chain))

    def read(self, path: Path) -> Item:
        """A profile that lies elsewhere, for `inline` or `Asked.inline`."""
        data = self._beside.read[str(path)] = read_bytes(path)
        return _headed(parse_yaml(data, str(path)))

    def inline(self, item: Item, asked: Asked = PLAIN) -> Loaded:
        """A profile within another file."""
        chain = Chain(("",), (item.file,))
        return self._loaded(make(layered(item, asked), self._shop, self._deps, chain))

    def product(self, url: Url, asked: Asked = PLAIN) -> tuple[Found, Loaded]:
        """The product at a url, checked out."""
        made: list[Made] = []

        def load(checked: Checked, asked: Asked, chain: Chain) -> Mapping[str, Any]:
            made.append(self._made(checked.folder, asked, chain))
            return made[0].table

        found = self._deps.product(url, asked, Chain(), load)
        return found, self._loaded(made[0])

    def _made(self, folder: Path, asked: Asked, chain: Chain) -> Made:
        return make(layered(self._root(folder, asked), asked), self._shop, self._deps, chain)

    def _dep(self, checked: Checked, asked: Asked, chain: Chain) -> Mapping[str, Any]:
        root = layered(self._root(checked.folder, asked), asked)
        return make(root, self._foreign, self._deps, chain, AS_DEP).table

    def _root(self, folder: Path, asked: Asked) -> Item:
        """What stands for the product's own profile, or that."""
        if asked.inline is not None:
            return asked.inline
        try:
            found = self._beside.profile(folder)
        except Unreadable as error:
            raise InputError(str(error)) from None
        if found is None:
            hint = "-f FILE, or `profile:` with a whole one, says how it is built and run"
            raise InputError(f"{folder} has no {PROFILES[0]}", hint=hint)
        return _headed(parse_yaml(found[1], str(found[0])))

    def _loaded(self, made: Made) -> Loaded:
        return Loaded(made.table, dict(self._beside.read), made.names, made.secrets)


def _headed(root: Item) -> Item:
    if not any(str(key) == "enve" for key, _ in root.entries("a profile")):
        raise root.bad("this is no profile: the key enve is missing", hint="begin with `enve: 1`")
    return root
