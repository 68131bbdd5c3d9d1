"""One line of a plan on its way: from the words of a spot, filled in, to what is signed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from enve.load.chain.atspot import AtSpot
from enve.load.chain.lines import chained
from enve.load.plan.accepted import accepted, veil
from enve.load.plan.content import File
from enve.load.plan.supplies import Supplies
from enve.load.plan.table import COMMIT
from enve.load.secret import is_secret
from enve.load.template.scope import Spot
from enve.load.unit.line import unit_line
from enve.load.unit.room import ROOMS
from enve.load.yaml.item import Item
from enve.model.plan import Blob
from enve_pm.core import address
from enve_pm.core.unit import UnitSpec
from enve_pm.wire import canonical

Fill = Callable[[Item, str], File]  # an entry of `files`, what it is called -> its content

_ROOTS = "subroot: {overlay: [/]}, subroot: {paths: [/usr]}, or push: ROOTFS.tar beside it"


@dataclass(frozen=True, slots=True)
class Rendered:
    """One line and what it brings along."""

    text: str
    spec: UnitSpec
    files: Mapping[str, str] = field(default_factory=dict)  # path -> sha256
    blobs: tuple[tuple[str, Blob], ...] = ()  # (a name for people, blob)
    secrets: frozenset[str] = frozenset()
    stages: Mapping[str, Rendered] = field(default_factory=dict)  # of a commit, by address


class Rendering:
    """`key`: where the spot stands in the plan; `what`: what it is called there; `table`: its
    words, filled in; `secrets`: the values that its templates can show."""

    def __init__(
        self,
        key: Item,
        what: str,
        supplies: Supplies,
        table: dict[str, Item],
        secrets: frozenset[str],
    ) -> None:
        self._key = key
        self._what = what
        self._supplies = supplies
        self._table = table
        self._secrets = set(secrets)
        self._files: dict[str, str] = {}
        self._blobs: list[tuple[str, Blob]] = []

    def run(self, steps: tuple[str, ...], spot: Spot, inline: Item | None, fill: Fill) -> Rendered:
        """For the spot at these steps below the node. `inline`: a whole profile in its commit.
        Raises InputError."""
        table = self._table
        line = unit_line(table, address.format(steps), self._what)
        if line.get("subroot", {}).get("type") == "tar" and "push" not in table:
            message = f"subroot of {self._what}: of what? wanted overlay, paths or push, found none"
            raise table["subroot"].bad(message, hint=_ROOTS)
        if "env" in table:
            line["env"] = self._env(table["env"])
        if "files" in table:
            line["files"] = self._filled(table["files"], fill)
        if "push" in table:
            line["product"] = self._push(table["push"])
            if line.get("kind") not in ROOMS:
                line.setdefault("cwd", "product")
        stages = self._stages(line, steps, spot, inline) if COMMIT in table else {}
        text, spec = self._signed(line)
        secrets = frozenset(self._secrets)
        return Rendered(text, spec, self._files, tuple(self._blobs), secrets, stages)

    def _signed(self, line: dict[str, Any]) -> tuple[str, UnitSpec]:
        veil(line, self._secrets)
        spec = accepted(line, self._table, self._key, self._what)
        return canonical.dumps(line).decode(), spec

    def _stages(
        self, line: dict[str, Any], steps: tuple[str, ...], spot: Spot, inline: Item | None
    ) -> dict[str, Rendered]:
        """Those of its commit; the line gets what comes of them."""
        item, what = self._table[COMMIT], f"commit of {self._what}"
        commit = self._supplies.commits.of(item, inline, what)
        if set(steps[-1]) & set("@!"):
            raise item.bad(f"{what}: a spot with stages has no @ or ! in its name")
        self._secrets |= commit.secrets

        def packed(path: Path | None) -> Blob | None:
            return self._supplies.artifacts.of(path, item, what) if path else None

        artifact = packed(commit.built.folder if commit.built else None)
        at = AtSpot(commit, steps, spot.dir, packed(commit.root))
        made = {}
        for name, stage in chained(line, self._table, at, artifact).items():
            text, spec = self._signed(stage.line)
            files = {path: blob.sha256 for path, blob in stage.files}
            made[name] = Rendered(text, spec, files, (*stage.files, *stage.pushed), commit.secrets)
        return made

    def _env(self, item: Item) -> dict[str, str]:
        env = {}
        for key, value in item.entries(f"env of {self._what}"):
            what = f"env of {self._what}: {key}"
            hidden = is_secret(value)
            text = self._supplies.secrets.value(value) if hidden else value.text(what, empty=True)
            if hidden or value.tainted:
                self._secrets.add(text)
            env[str(key)] = text
        return env

    def _filled(self, item: Item, fill: Fill) -> dict[str, Any]:
        entries = {}
        for key, value in item.entries(f"files of {self._what}"):
            path = str(key)
            made = fill(value, f"file {path!r} of {self._what}")
            blob = made.blob
            entries[path] = {"sha256": blob.sha256, "size": blob.size, "mode": made.mode}
            self._files[path] = blob.sha256
            self._blobs.append((path, blob))
            self._secrets |= made.secret
        return entries

    def _push(self, item: Item) -> dict[str, Any]:
        what = f"push of {self._what}"
        path = self._supplies.folder / Path(item.text(what)).expanduser()
        blob = self._supplies.artifacts.of(path, item, what)
        self._blobs.append((path.name, blob))
        return {"kind": "tar", "sha256": blob.sha256, "size": blob.size}
