"""What nodes of the same groups share: worked out once for each combination of groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from enve.load.inventory import connection
from enve.load.inventory.groups import Group, closure
from enve.load.yaml.item import Item


class Common(NamedTuple):
    """What nodes of the same groups share. `reach` None: the settings differ from node to node."""

    groups: tuple[str, ...]
    vars: Mapping[str, Any]
    settings: Mapping[str, Item]
    reach: connection.Reach | None


class Shared:
    """Works out what nodes share, once for each combination of groups."""

    def __init__(
        self, groups: Mapping[str, Group], defaults: Mapping[str, Item], base: Mapping[str, Any]
    ) -> None:
        self._groups = groups
        self._defaults = defaults
        self._base = base
        self._known: dict[tuple[str, ...], Common] = {}

    def of(self, named: tuple[str, ...]) -> Common:
        """For the nodes that name these groups."""
        if named not in self._known:
            self._known[named] = self._common(closure(named, self._groups))
        return self._known[named]

    def _common(self, names: tuple[str, ...]) -> Common:
        variables, settings = dict(self._base), dict(self._defaults)
        for name in names:
            variables.update(self._groups[name].vars)
            settings.update(self._groups[name].settings)
        owner = f"groups {' '.join(names)}" if names else "defaults"
        return Common(names, variables, settings, connection.read_shared(settings, owner))
