"""What templates see: the variables of a node and a plan, and `nodes groups node spot facts`.

    node vars < plan vars < vars of the spot < -e

A variable of the plan may be made from others: it is rendered only where something uses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from enve.core.nodepaths import SYSTEM_HOME
from enve.load.secret import Secrets, is_secret
from enve.load.template.filler import Filler
from enve.load.template.template import ANYTHING, MissingFacts, Templates
from enve.load.variables import name as variable_name
from enve.load.yaml.item import Item
from enve.model.site import Domain, Node

Facts = Mapping[str, Mapping[str, Any]]
_PLAIN = (str, int, float, bool, type(None))
_ABSENT = object()


class NoFacts:
    """Stands for the facts of a node that was never deployed to."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise MissingFacts(f"facts.{name}")

    def __getitem__(self, name: str) -> Any:
        raise MissingFacts(f"facts.{name}")


class Spot:
    """`spot.name`, `spot.address`, `spot.dir`."""

    def __init__(self, name: str, address: str, directory: str) -> None:
        self.name = name
        self.address = address
        self._directory = directory

    @property
    def dir(self) -> str:
        if not self._directory:
            raise MissingFacts("spot.dir: pm's home on the node")
        return self._directory


class Variables:
    """One table of variables. Constant ones are values; others are made when they are used."""

    def __init__(
        self, item: Item | None, what: str, templates: Templates, secrets: Secrets
    ) -> None:
        self.constant: dict[str, Any] = {}
        self.made: dict[str, Filler] = {}
        self.secret: set[str] = set()
        for key, value in [] if item is None or item.is_nothing else item.entries(what):
            name = variable_name(key, what)
            if is_secret(value):
                self.constant[name] = secrets.value(value)
                self.secret.add(name)
                continue
            filler = Filler(value, templates)
            if filler.constant:
                self.constant[name] = value.data(f"{what}: {name}")
            else:
                self.made[name] = filler


class Scope:
    """The variables of one spot of a plan, outermost table first, and -e above all."""

    def __init__(
        self, tables: Iterable[Variables], extra: Mapping[str, Any], names: frozenset[str]
    ) -> None:
        self._fixed: dict[str, Any] = {}
        self._made: dict[str, Filler] = {}
        secret: set[str] = set()
        for table in tables:
            for name in (*table.constant, *table.made):
                self._fixed.pop(name, None)
                self._made.pop(name, None)
                secret.discard(name)
            self._fixed.update(table.constant)
            self._made.update(table.made)
            secret |= table.secret
        for name in extra:
            self._made.pop(name, None)
            secret.discard(name)
        self._fixed.update(extra)
        self.names = self._all(names)
        self.secret = self._tainted(secret)

    def _all(self, names: frozenset[str]) -> frozenset[str]:
        """What is looked at, also by the variables that are."""
        found = set(names)
        for name, filler in reversed(self._made.items()):
            if name in found or ANYTHING in found:
                found |= filler.names
        return frozenset(found)

    def _tainted(self, secret: set[str]) -> frozenset[str]:
        """What is made from secrets; a template that may look at anything may look at them."""
        if secret:
            secret.add(ANYTHING)
        for name, filler in self._made.items():
            if not secret.isdisjoint(filler.names):
                secret.add(name)
        return frozenset(secret)

    def hidden(self) -> frozenset[str]:
        """The secret values that the spot's templates can show."""
        used = self.secret if ANYTHING in self.names else self.secret & self.names
        return frozenset(str(self._fixed[name]) for name in used if name in self._fixed)

    def key(self, node: Node, spot: Spot, facts: Mapping[str, Any] | None) -> tuple[object, ...]:
        """Equal keys: equal results. Raises MissingFacts."""
        return tuple([_part(name, self, node, spot, facts) for name in sorted(self.names)])

    def of_node(self, name: str, node: Node) -> object:
        """A variable as far as it differs from node to node."""
        if name in self._fixed or name in self._made:
            return None
        value = node.vars.get(name, _ABSENT)
        return (type(value), value) if isinstance(value, _PLAIN) else id(value)

    def context(
        self, node: Node, spot: Spot, facts: Mapping[str, Any] | None, world: Mapping[str, Any]
    ) -> dict[str, Any]:
        """All names for one spot on one node."""
        found = {**world, **node.vars, **self._fixed}
        found["node"] = {"name": node.name, "host": host(node), "groups": list(node.groups)}
        found["spot"] = spot
        found["facts"] = NoFacts() if facts is None else facts
        for name, filler in self._made.items():
            if name in self.names or ANYTHING in self.names:
                found[name] = filler.fill(found).data(f"variable {name!r}")
        return found


def _part(
    name: str, scope: Scope, node: Node, spot: Spot, facts: Mapping[str, Any] | None
) -> object:
    if name == "spot.dir":
        return spot.dir
    if name == "spot.name":
        return spot.name
    if name == ANYTHING or name.startswith(("spot.", "node.")):
        return node.name
    if name.startswith("facts."):
        value = None if facts is None else facts.get(name.removeprefix("facts."), _ABSENT)
        return (
            (type(value), value) if isinstance(value, _PLAIN) and value is not None else node.name
        )
    return scope.of_node(name, node)


def host(node: Node) -> str:
    return node.connection.host or "localhost"


def home(node: Node, facts: Mapping[str, Any] | None) -> str:
    """pm's HOME on the node; "" when only its facts could say."""
    if node.home.startswith("/"):
        return node.home
    if facts and isinstance(facts.get("home"), str):
        return str(facts["home"])
    return SYSTEM_HOME if node.install == "system" and not node.home else ""


def world(domain: Domain, plan: str) -> dict[str, Any]:
    """The names that are the same everywhere."""
    return {
        "domain": domain.name,
        "plan": plan,
        "groups": {name: list(nodes) for name, nodes in domain.groups.items()},
        "nodes": {
            name: {"name": name, "host": host(node), "groups": node.groups, "vars": node.vars}
            for name, node in domain.nodes.items()
        },
    }
