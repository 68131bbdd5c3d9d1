"""One entry of a plan's `spots`: compiled once, rendered for each spot that its pattern fits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from enve.errors import InputError, Where
from enve.load.chain.commit import Commits
from enve.load.chain.lines import Chain
from enve.load.plan.content import Files
from enve.load.plan.pushed import Artifacts
from enve.load.plan.table import COMMIT, prepared, pulled
from enve.load.secret import Secrets, is_secret
from enve.load.template.filler import Filler
from enve.load.template.scope import Scope, Spot, Variables
from enve.load.template.template import Templates
from enve.load.unit.line import ORIGIN, unit_line
from enve.load.unit.room import ROOMS
from enve.load.yaml.item import Item
from enve.load.yaml.spans import in_words
from enve.model.plan import Blob
from enve.model.site import Node
from enve_pm.core import address
from enve_pm.core.unit import UnitError, UnitSpec
from enve_pm.wire import canonical

_ROOTS = "subroot: {overlay: [/]}, subroot: {paths: [/usr]}, or push: ROOTFS.tar beside it"
_NO_KEY = "no such key"
_ONLY_CHECKED = "a resource that is only checked says `kind: resource`"


@dataclass(frozen=True, slots=True)
class Supplies:
    """What all spots of a plan are made with. `folder`: where the plan's paths start."""

    folder: Path
    templates: Templates
    secrets: Secrets
    files: Files
    artifacts: Artifacts
    commits: Commits
    variables: Variables
    extra: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rendered:
    """One line and what it brings along."""

    text: str
    spec: UnitSpec
    files: Mapping[str, str] = field(default_factory=dict)  # path -> sha256
    blobs: tuple[tuple[str, Blob], ...] = ()  # (a name for people, blob)
    secrets: frozenset[str] = frozenset()
    stages: Mapping[str, Rendered] = field(default_factory=dict)  # of a commit, by address


class PlanSpot:
    """`key`: the pattern's place in the file."""

    def __init__(self, key: Item, item: Item, supplies: Supplies) -> None:
        self.key = key
        self.what = f"spot {str(key)!r}"
        self._supplies = supplies
        table = prepared(item, self.what)
        names = supplies.files.names(table["files"], self.what) if "files" in table else frozenset()
        variables = table.pop("vars", None)
        self._inline = pulled(table)
        own = Variables(variables, f"vars of {self.what}", supplies.templates, supplies.secrets)
        self.table = table
        self._fillers = {name: Filler(value, supplies.templates) for name, value in table.items()}
        for filler in self._fillers.values():
            names |= filler.names
        if COMMIT in table:
            supplies.commits.check(table[COMMIT], f"commit of {self.what}")
            names |= {"spot.dir"}  # where its versions lie
        self._scope = Scope((supplies.variables, own), supplies.extra, names)
        self._known: dict[tuple[object, ...], Rendered] = {}

    @property
    def asks(self) -> frozenset[str]:
        """The names that its templates, and the variables that these use, look at."""
        return self._scope.names

    @property
    def where(self) -> Where:
        return self.key.where

    def render(
        self,
        node: Node,
        steps: tuple[str, ...],
        spot: Spot,
        facts: Mapping[str, Any] | None,
        world: Mapping[str, Any],
    ) -> Rendered:
        """The line for the spot at these steps below the node. Raises InputError, MissingFacts."""
        key = (steps, self._scope.key(node, spot, facts))
        if key not in self._known:
            context = self._scope.context(node, spot, facts, world)
            try:
                self._known[key] = self._rendered(steps, spot, context)
            except InputError as error:
                error.notes += (f"rendered for {spot.address}",)
                raise
        return self._known[key]

    def _rendered(self, steps: tuple[str, ...], spot: Spot, context: Mapping[str, Any]) -> Rendered:
        tainting = self._scope.secret
        table = {name: one.fill(context, tainting) for name, one in self._fillers.items()}
        line = unit_line(table, address.format(steps), self.what)
        if line.get("subroot", {}).get("type") == "tar" and "push" not in table:
            message = f"subroot of {self.what}: of what? wanted overlay, paths or push, found none"
            raise table["subroot"].bad(message, hint=_ROOTS)
        secrets = set(self._scope.hidden())
        files: dict[str, str] = {}
        blobs: list[tuple[str, Blob]] = []
        if "env" in table:
            line["env"] = self._env(table["env"], secrets)
        if "files" in table:
            line["files"] = self._files(table["files"], context, blobs, secrets)
            files = {path: entry["sha256"] for path, entry in line["files"].items()}
        if "push" in table:
            line["product"] = self._push(table["push"], blobs)
            if line.get("kind") not in ROOMS:
                line.setdefault("cwd", "product")
        stages: dict[str, Rendered] = {}
        if COMMIT in table:
            stages = self._chain(table, line, steps, spot, secrets)
        _veil(line, secrets)
        spec = self._parse(line, table)
        text = canonical.dumps(line).decode()
        return Rendered(text, spec, files, tuple(blobs), frozenset(secrets), stages)

    def _chain(
        self,
        table: Mapping[str, Item],
        line: dict[str, Any],
        steps: tuple[str, ...],
        spot: Spot,
        secrets: set[str],
    ) -> dict[str, Rendered]:
        """The stages of its commit; the line gets what comes of them."""
        what = f"commit of {self.what}"
        commit = self._supplies.commits.of(table[COMMIT], self._inline, what)
        if set(steps[-1]) & set("@!"):
            raise table[COMMIT].bad(f"{what}: a spot with stages has no @ or ! in its name")
        secrets |= commit.secrets

        def packed(path: Path | None) -> Blob | None:
            return self._supplies.artifacts.of(path, table[COMMIT], what) if path else None

        artifact = packed(commit.built.folder if commit.built else None)
        chain = Chain(commit, steps, spot.dir, artifact, packed(commit.root))
        chain.run(line, table)
        made = {}
        for name, stage in chain.stages(line).items():
            _veil(stage.line, secrets)
            spec = self._parse(stage.line, table)
            text = canonical.dumps(stage.line).decode()
            files = {path: blob.sha256 for path, blob in stage.files}
            blobs = (*stage.files, *stage.pushed)
            made[name] = Rendered(text, spec, files, blobs, commit.secrets)
        return made

    def _env(self, item: Item, secrets: set[str]) -> dict[str, str]:
        env = {}
        for key, value in item.entries(f"env of {self.what}"):
            what = f"env of {self.what}: {key}"
            hidden = is_secret(value)
            text = self._supplies.secrets.value(value) if hidden else value.text(what, empty=True)
            if hidden or value.tainted:
                secrets.add(text)
            env[str(key)] = text
        return env

    def _files(
        self,
        item: Item,
        context: Mapping[str, Any],
        blobs: list[tuple[str, Blob]],
        secrets: set[str],
    ) -> dict[str, Any]:
        entries = {}
        for key, value in item.entries(f"files of {self.what}"):
            path = str(key)
            what = f"file {path!r} of {self.what}"
            made = self._supplies.files.make(value, what, context, self._scope.secret)
            entries[path] = {
                "sha256": made.blob.sha256,
                "size": made.blob.size,
                "mode": made.mode,
            }
            blobs.append((path, made.blob))
            secrets |= made.secret
        return entries

    def _push(self, item: Item, blobs: list[tuple[str, Blob]]) -> dict[str, Any]:
        what = f"push of {self.what}"
        path = self._supplies.folder / Path(item.text(what)).expanduser()
        blob = self._supplies.artifacts.of(path, item, what)
        blobs.append((path.name, blob))
        return {"kind": "tar", "sha256": blob.sha256, "size": blob.size}

    def _parse(self, line: dict[str, Any], table: Mapping[str, Item]) -> UnitSpec:
        """The line as the node will read it: nothing that it would refuse is signed."""
        try:
            return UnitSpec.parse(line)
        except UnitError as error:
            head = error.field.partition(".")[0].partition("[")[0]
            key = ORIGIN.get(head, head)
            rest = error.field.removeprefix(head)
            secret = head == "env" and rest  # values may be, names are not
            wanted, found = in_words(error.field, error.wanted, error.found)
            found = "a value that is not shown" if secret else found
            told = "" if wanted.startswith(_NO_KEY) else f", found {found}"
            message = f"{key}{rest} of {self.what}: wanted {wanted}{told}"
            hint = _ONLY_CHECKED if key == "run" and "check" in table else ""
            place = table.get(key, self.key).below(rest)
            raise place.bad(message, hint=hint) from None

    def at(self, key: str) -> Item:
        """Where the plan says something about this key of the line."""
        return self.table.get(ORIGIN.get(key, key), self.key)


def _veil(line: dict[str, Any], secrets: Iterable[str]) -> None:
    """Say which variables of its environment are never shown."""
    found = [
        name
        for name, value in line.get("env", {}).items()
        if any(secret in value for secret in secrets if secret)
    ]
    if found:
        line["secret_env"] = sorted(found)
