"""`commit` of a spot: which product runs there, found and pinned once for a whole plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from enve.load.chain import said
from enve.load.chain.archive import archive_of
from enve.load.chain.artifact import BUILD, PUSH, Build, PlanArtifacts, nowhere, unmade
from enve.load.chain.commit import Commit, along, distinct, possible
from enve.load.profile.checkout import Checkout
from enve.load.profile.profiles import Found, Profile, Profiles
from enve.load.profile.secret import Handed
from enve.load.secret import Secrets
from enve.load.template.template import is_template
from enve.load.yaml.item import Item
from enve_fire.core import profile, url
from enve_fire.core.product import Product
from enve_fire.core.trouble import Trouble
from enve_pm.core.fieldcheck import Bad

AS_IT_IS = ["mkdir -p $OUT$PREFIX", "cp -a . $OUT$PREFIX"]
HOUR = 3_600_000  # ms
LOOK_EVERY = 300_000  # ms between two looks whether a stage is there

Bring = Callable[[url.Url], Path]  # an archive as a file of this machine; raises Trouble


def nobody(where: url.Url) -> Path:
    raise Trouble(69, f"{where.text}: nothing is fetched here", "a spot with `push`")


class Commits:
    """`folder`: where paths start. References are resolved once: all spots and nodes get the same
    commit, also where a branch moves meanwhile."""

    def __init__(
        self,
        folder: Path,
        secrets: Secrets,
        checkout: Checkout,
        build: Build = nowhere,
        bring: Bring = nobody,
    ) -> None:
        self._folder = folder
        self._profiles = Profiles(checkout)
        self._secrets = secrets
        self._handed: dict[tuple[str, ...], Handed] = {}
        self._bring = bring
        self._artifacts = PlanArtifacts(checkout, build)

    def check(self, item: Item, what: str) -> Mapping[str, Item]:
        """Its keys. Raises InputError for what is wrong wherever it stands."""
        keys = said.keys_of(item, what)
        if not is_template(str(keys["url"])):
            self._url(keys["url"], what)
        return keys

    def of(self, item: Item, inline: Item | None, what: str) -> Commit:
        """`inline`: a whole profile of the plan's own. Raises InputError."""
        keys = self.check(item, what)
        where = self._url(keys["url"], what)
        try:
            asked, lent = said.asked(keys, inline, what), self._lent(item, keys, what)
            found, loaded = self._profiles.product(where, asked, lent)
            return self._commit(item, keys, found, loaded, what)
        except Trouble as trouble:
            raise unmade(keys["url"], what, trouble) from None
        except OSError as error:  # of the store of this machine
            told = f"{error.filename or 'system'}: {error.strerror or error}"
            raise keys["url"].bad(f"{what}: {told}") from None

    def _lent(self, item: Item, keys: Mapping[str, Item], what: str) -> Handed:
        rows = keys["secrets"].several(f"secrets of {what}") if "secrets" in keys else ()
        names = tuple(sorted(map(self._secrets.check, rows)))
        if names not in self._handed:
            self._handed[names] = Handed(self._secrets, item.file, names)
        return self._handed[names]

    def _url(self, item: Item, what: str) -> url.Url:
        try:
            return url.parse(item.text(f"url of {what}"), str(self._folder.resolve()))
        except Bad as bad:
            raise item.bad(f"url of {what}: wanted {bad.args[0]}, found {bad.args[1]}") from None

    def _commit(
        self, item: Item, keys: Mapping[str, Item], found: Found, loaded: Profile, what: str
    ) -> Commit:
        artifact = said.text(keys, "artifact", BUILD, what)
        table = said.with_cfgpath(keys, loaded.table, what)
        if artifact != BUILD and not profile.builds(table):
            table["build"] = {"run": AS_IT_IS}  # so that there is one to bring
        product = Product(found.pinned.text, found.source, table)
        possible(item, product, artifact, what)
        commit = Commit(
            item,
            product.url,
            product.source,
            table,
            loaded.secrets,
            artifact,
            None,
            said.text(keys, "place", "", what),
            said.span(keys, "timeout", HOUR, what),
            said.span(keys, "check_every", LOOK_EVERY, what),
            along(item, product, what),
            self._root(item, loaded, what),
        )
        commit = self._with_artifact(commit, keys, product, what)
        return commit if commit.place else distinct(commit, what)

    def _with_artifact(
        self, commit: Commit, keys: Mapping[str, Item], product: Product, what: str
    ) -> Commit:
        """What is built here, or the id of what is fetched."""
        if commit.artifact == BUILD:
            return commit
        if commit.artifact == PUSH:
            built = self._artifacts.pushed(product)
            return replace(commit, built=built, source=built.source)
        item, told = keys["artifact"], f"artifact of {what}"
        pinned = self._artifacts.pinned(item, self._url(item, told), product, told)
        return replace(commit, artifact=pinned)

    def _root(self, item: Item, loaded: Profile, what: str) -> Path | None:
        """The files of its root, which the plan brings along."""
        where = archive_of(loaded, item.file, self._folder, what)
        return None if where is None else self._bring(where)
