"""Patterns to units, for listings: `web*.**`, `db1`, `group:web.edge`, `all:!db1.backup`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NamedTuple

from enve.core.resolve import names_of, no_node, nodes_of_segment
from enve.core.suggest import did_you_mean
from enve.core.terms import GROUP, split_terms
from enve.errors import UsageError
from enve.model.site import Domain, Node
from enve_pm.core import address


class Rule(NamedTuple):
    """One term: of these nodes the units below them that `below` matches (None: all)."""

    sign: str
    nodes: frozenset[str]
    below: address.Pattern | None

    def covers(self, node: str, unit: Sequence[str]) -> bool:
        return node in self.nodes and (self.below is None or self.below.match(unit))


@dataclass(frozen=True, slots=True)
class Selection:
    """The nodes to ask, and which of their units were meant."""

    nodes: tuple[Node, ...]
    rules: tuple[Rule, ...]

    def covers(self, node: str, unit: str | Sequence[str]) -> bool:
        """Whether the unit with this address below the node (text, or its names) was meant."""
        names = address.parse(unit) if isinstance(unit, str) else unit
        added = [rule for rule in self.rules if not rule.sign]
        if added and not any(rule.covers(node, names) for rule in added):
            return False
        return all(
            rule.covers(node, names) == (rule.sign == "&") for rule in self.rules if rule.sign
        )


def select_units(domain: Domain, terms: Iterable[str]) -> Selection:
    """Reads listing patterns; none given means everything. Raises UsageError when a term can't
    mean anything in this domain."""
    given = list(terms) or ["all"]
    rules = tuple(_rule(domain, term.sign, term.text) for term in split_terms(given))
    nodes = [node for name, node in domain.nodes.items() if _asked(name, rules)]
    if not nodes:
        raise no_node(" ".join(given))
    return Selection(tuple(nodes), rules)


def _asked(name: str, rules: tuple[Rule, ...]) -> bool:
    """Whether some unit of the node can be meant."""
    added = [rule for rule in rules if not rule.sign]
    if added and not any(name in rule.nodes for rule in added):
        return False
    kept = all(name in rule.nodes for rule in rules if rule.sign == "&")
    whole = (rule for rule in rules if rule.sign == "!" and rule.below is None)
    return kept and not any(name in rule.nodes for rule in whole)


def _rule(domain: Domain, sign: str, text: str) -> Rule:
    if "." not in text or _names_nodes(domain, text):
        return Rule(sign, frozenset(names_of(domain, text)), None)
    head, below = split_address(text)
    if below is None:
        return Rule(sign, frozenset(names_of(domain, text)), None)
    if head.startswith(GROUP):
        return Rule(sign, frozenset(names_of(domain, head)), below)
    whole = address.Pattern.parse(text)
    if not whole.segments[0]:  # `**.db`: any number of names, the node's among them
        return Rule(sign, frozenset(domain.nodes), whole)
    nodes = nodes_of_segment(domain, whole.segments[0])
    if not nodes:
        hint = did_you_mean(whole.segments[0], domain.nodes)
        raise UsageError(f"no node matches {whole.segments[0]!r} in {text!r}", hint=hint)
    return Rule(sign, frozenset(nodes), below)


def _names_nodes(domain: Domain, text: str) -> bool:
    """Names of nodes can hold dots: then the term means these nodes, not an address."""
    if text in domain.nodes:
        return True
    return any("." in name and fnmatchcase(name, text) for name in domain.nodes)


def split_address(text: str) -> tuple[str, address.Pattern | None]:
    """The node's part of an address pattern, and the pattern below it (None: there is none)."""
    if text.startswith("~"):
        return text, None
    try:
        return _split(text)
    except address.AddressError as error:
        raise UsageError(f"{text!r} is no address: {error}", hint="NODE.SUBPM.UNIT") from None


def _split(text: str) -> tuple[str, address.Pattern | None]:
    head, dot, rest = text, "", ""
    if text.startswith(GROUP):
        head, dot, rest = text.partition(".")
        return head, address.Pattern.parse(rest) if dot else None
    pattern = address.Pattern.parse(text)
    if len(pattern.segments) == 1:
        return text, None
    return text, address.Pattern(text, pattern.segments[1:])
