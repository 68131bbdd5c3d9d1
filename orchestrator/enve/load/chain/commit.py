"""`commit` of a spot: which product runs there, found and pinned once for a whole plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from enve.load.chain.archive import archive_of
from enve.load.chain.artifact import BUILD, PUSH, Build, Built, PlanArtifacts, nowhere
from enve.load.profile.merge import given_at
from enve.load.profile.needs import Checkout
from enve.load.profile.profiles import Asked, Found, Profile, Profiles
from enve.load.profile.secret import Handed
from enve.load.secret import Secrets
from enve.load.template.template import is_template
from enve.load.yaml.item import Item
from enve_fire.core import along, profile, sums, title, url
from enve_fire.core.product import Product
from enve_fire.core.trouble import Trouble
from enve_pm.core.fieldcheck import Bad

KEYS = (
    *("url", "profile", "config", "set", "trust", "artifact", "place", "cfgpath", "timeout"),
    *("check_every", "secrets"),
)
AS_IT_IS = ["mkdir -p $OUT$PREFIX", "cp -a . $OUT$PREFIX"]
HOUR = 3_600_000  # ms
LOOK_EVERY = 300_000  # ms between two looks whether a stage is there


Bring = Callable[[url.Url], Path]  # an archive as a file of this machine; raises Trouble


@dataclass(frozen=True, slots=True)
class Commit:
    """What is to run at a spot. `artifact`: build, push, or the pinned url of one. `along`: what it
    runs with, where both see a root of their own; `root`: the archive with the files of that."""

    item: Item
    url: str
    source: str
    table: Mapping[str, Any]
    secrets: frozenset[str]
    artifact: str
    built: Built | None
    place: str
    timeout: int  # of a build, ms
    check_every: int  # ms
    along: tuple[Product, ...] = ()
    root: Path | None = None

    @property
    def name(self) -> str:
        return profile.product(self.table)


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
        keys = item.table(what, KEYS) if item.is_table else {"url": item}
        if "url" not in keys:
            raise item.bad(f"{what}: of what? wanted `url`", hint="git+https://HOST/PATH#v1.0")
        if not is_template(str(keys["url"])):
            self._url(keys["url"], what)
        return keys

    def of(self, item: Item, inline: Item | None, what: str) -> Commit:
        """`inline`: a whole profile of the plan's own. Raises InputError."""
        keys = self.check(item, what)
        where = self._url(keys["url"], what)
        try:
            asked, lent = _asked(keys, inline, what), self._lent(item, keys, what)
            found, loaded = self._profiles.product(where, asked, lent)
            return self._commit(item, keys, found, loaded, what)
        except Trouble as trouble:
            raise keys["url"].bad(f"{what}: {trouble.message}", hint=trouble.hint) from None
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
        artifact = keys["artifact"].text(f"artifact of {what}") if "artifact" in keys else BUILD
        table = _with_cfgpath(keys, loaded.table, what)
        if artifact != BUILD and not profile.builds(table):
            table["build"] = {"run": AS_IT_IS}  # so that there is one to bring
        product = Product(found.pinned.text, found.source, table)
        _possible(item, product, artifact, what)
        commit = Commit(
            item,
            product.url,
            product.source,
            table,
            loaded.secrets,
            artifact,
            None,
            keys["place"].text(f"place of {what}") if "place" in keys else "",
            _span(keys, "timeout", HOUR, what),
            _span(keys, "check_every", LOOK_EVERY, what),
            _along(item, product, what),
            self._root(item, loaded, what),
        )
        if artifact == PUSH:
            built = self._artifacts.pushed(product)
            commit = replace(commit, built=built, source=built.source)
        elif artifact != BUILD:
            told = f"artifact of {what}"
            where = self._url(keys["artifact"], told)
            pinned = self._artifacts.pinned(keys["artifact"], where, product, told)
            commit = replace(commit, artifact=pinned)
        return commit if commit.place else _distinct(commit, what)

    def _root(self, item: Item, loaded: Profile, what: str) -> Path | None:
        """The files of its root, which the plan brings along."""
        where = archive_of(loaded, item.file, self._folder, what)
        return None if where is None else self._bring(where)


def _distinct(commit: Commit, what: str) -> Commit:
    """Two contents of one version have names of their own, so that one is prepared beside the other
    that runs. Raises InputError."""
    brought = "" if commit.artifact in (BUILD, PUSH) else commit.artifact
    content = sums.content(commit.table, commit.source, brought)
    version = commit.table.get("version", "")
    whole = f"{version}+{content}" if version else content
    if len(whole) > title.LONGEST:
        longest = title.LONGEST - len(content) - 1
        told = f"version of {what}: wanted at most {longest} characters, found {len(version)}"
        raise commit.item.bad(told)
    return replace(commit, table={**commit.table, "version": whole})


def _asked(keys: Mapping[str, Item], inline: Item | None, what: str) -> Asked:
    names: tuple[str, ...] = ()
    if "profile" in keys:
        item = keys["profile"]
        texts = item.texts(f"profile of {what}") if item.is_list else [item.text(what)]
        names = tuple(texts)
    config = keys.get("config")
    if config is not None and not config.is_table:
        raise config.wanted("a table (key: value)", f"config of {what}")
    rows = keys["set"].entries(f"set of {what}") if "set" in keys else []
    sets = tuple((str(key), given_at(value, value.text(f"set of {what}"))) for key, value in rows)
    trust = "trust" in keys and keys["trust"].boolean(f"trust of {what}")
    return Asked(names, inline, config, sets, trust)


def _span(keys: Mapping[str, Item], name: str, default: int, what: str) -> int:
    return keys[name].duration_ms(f"{name} of {what}") if name in keys else default


def _with_cfgpath(keys: Mapping[str, Item], table: Mapping[str, Any], what: str) -> dict[str, Any]:
    """With the variant of its setup."""
    if "cfgpath" not in keys:
        return dict(table)
    cfgpath = keys["cfgpath"].text(f"cfgpath of {what}")
    return {**table, "setup": {**table.get("setup", {}), "cfgpath": cfgpath}}


def _possible(item: Item, product: Product, artifact: str, what: str) -> None:
    """What a chain on a node cannot be made of. Raises InputError."""
    if artifact != PUSH and url.parse(product.url).kind == url.FOLDER:
        hint = "artifact: push builds it here; git+file:// and https:// are fetched by the node"
        raise item.bad(f"{what}: {product.url} is a folder of this machine", hint=hint)
    if not profile.installs(product.table):
        hint = "leave `install.mode` out"
        raise item.bad(f"{what}: {product.name} has no install (`install.mode: none`)", hint=hint)


def _along(item: Item, product: Product, what: str) -> tuple[Product, ...]:
    if not profile.settles(product.table):
        return ()
    try:
        return tuple(along.products(product))
    except Bad as bad:
        told = f"{what}: in a root of its own {product.name} and what it runs with are wanted"
        raise item.bad(f"{told} as {bad.args[0]}, found {bad.args[1]}") from None
