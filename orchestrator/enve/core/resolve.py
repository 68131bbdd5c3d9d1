"""Patterns to nodes: what `--limit`, listings and files may say to mean some nodes of a domain.

    all *            every node
    web01            a node; or a group of that name
    group:web        a group, whatever nodes are called
    web*  ~regex     globs and regular expressions over the names of nodes and groups
    web[01:03]       a range of names;  web[0] web[1:3] web[-1]: places in the group `web`
    web01.tenants.**  an address: its node
    a:b  a,b         both;  a:&b in both;  a:!b without b

A term that matches nothing is an error: a typo must not look like "nothing to do".
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

from enve.core import ranges
from enve.core.suggest import did_you_mean
from enve.core.terms import GROUP, split_terms
from enve.errors import UsageError
from enve.model.site import Domain, Node
from enve_pm.core import address

_ALL = ("all", "*")
_PLACES = re.compile(r"([A-Za-z0-9_-]+)\[(?:(-?\d{1,6})|(-?\d{1,6})?:(-?\d{1,6})?)\]", re.ASCII)


def no_node(text: str) -> UsageError:
    """The error that nothing is left of what was chosen."""
    return UsageError(f"{text!r} leaves no node", hint="its parts match, but not together")


def select_nodes(domain: Domain, terms: Iterable[str]) -> tuple[Node, ...]:
    """The nodes that the terms mean together, in the inventory's order. Raises UsageError."""
    split = split_terms(terms)
    found = [(term.sign, names_of(domain, term.text)) for term in split]
    chosen = _combine(domain, found)
    if not chosen:
        text = ":".join(sign + text for sign, text in split)
        raise no_node(text)
    return tuple(node for name, node in domain.nodes.items() if name in chosen)


def _combine(domain: Domain, found: list[tuple[str, set[str]]]) -> set[str]:
    """Unions first, then what must hold too, then exclusions: as in Ansible, in any order."""
    added = [names for sign, names in found if not sign]
    chosen = set().union(*added) if added else set(domain.nodes)
    for sign, names in found:
        if sign == "&":
            chosen &= names
    for sign, names in found:
        if sign == "!":
            chosen -= names
    return chosen


def names_of(domain: Domain, text: str) -> set[str]:
    """The names of the nodes that one atom means. Raises UsageError when it means none."""
    if text in _ALL:
        return set(domain.nodes)
    if text.startswith(GROUP):
        return _group(domain, text.removeprefix(GROUP))
    if text in domain.nodes:
        return {text}
    if text in domain.groups:
        return set(domain.groups[text])
    found = _regex(domain, text[1:]) if text.startswith("~") else _by_form(domain, text)
    if not found:
        known = [*domain.nodes, *domain.groups]
        hint = did_you_mean(text.partition(".")[0], known) or _shape(domain)
        raise UsageError(f"no node matches {text!r}", hint=hint)
    return found


def _group(domain: Domain, name: str) -> set[str]:
    found = [nodes for group, nodes in domain.groups.items() if fnmatchcase(group, name)]
    if not found:
        hint = did_you_mean(name, domain.groups) or _shape(domain)
        raise UsageError(f"no group matches {name!r}", hint=hint)
    return {node for nodes in found for node in nodes}


def _shape(domain: Domain) -> str:
    """What there is, in short."""
    groups = " ".join(list(domain.groups)[:8]) or "none"
    nodes = " ".join(list(domain.nodes)[:5])
    more = " ..." if len(domain.nodes) > 5 else ""
    return f"groups: {groups}; nodes: {nodes}{more}"


def _regex(domain: Domain, text: str) -> set[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # `[[` is no set of sets in this Python
            pattern = re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise UsageError(f"{text!r} is no regular expression: {error}") from None
    return _matching(domain, lambda name: pattern.search(name) is not None)


def _by_form(domain: Domain, text: str) -> set[str]:
    places = _PLACES.fullmatch(text)
    if places and places[1] in domain.groups:
        return _places(domain, places)
    if ranges.is_range(text):
        return _range(domain, text)
    found = _matching(domain, lambda name: fnmatchcase(name, text)) if _is_glob(text) else set()
    return found or nodes_of_address(domain, text)


def _is_glob(text: str) -> bool:
    return "*" in text or "?" in text


def _matching(domain: Domain, match: Callable[[str], bool]) -> set[str]:
    found = {name for name in domain.nodes if match(name)}
    for group, nodes in domain.groups.items():
        if match(group):
            found.update(nodes)
    return found


def _places(domain: Domain, match: re.Match[str]) -> set[str]:
    """`web[0]`, `web[1:3]` (the end belongs to it, as in Ansible), `web[-1]`."""
    nodes, (one, first, last) = domain.groups[match[1]], match.groups()[1:]
    start, end = (one, one) if one else (first or "0", last or "-1")
    return set(nodes[int(start) : None if int(end) == -1 else int(end) + 1])


def _range(domain: Domain, text: str) -> set[str]:
    try:
        names = [name for name, _ in ranges.expand(text)]
    except ranges.RangeError as error:
        raise UsageError(str(error), hint=error.hint) from None
    missing = next((name for name in names if name not in domain.nodes), None)
    if missing is not None:
        raise UsageError(f"{text!r}: there is no node {missing!r}", hint=_shape(domain))
    return set(names)


def nodes_of_address(domain: Domain, text: str) -> set[str]:
    """The nodes that the first segment of an address or address pattern means."""
    try:
        pattern = address.Pattern.parse(text)
    except address.AddressError:
        return set()
    return nodes_of_segment(domain, pattern.segments[0])


def nodes_of_segment(domain: Domain, segment: str) -> set[str]:
    """`segment`: the first one of an address pattern, "" standing for `**`."""
    if segment in domain.nodes:
        return {segment}
    if not segment or segment == "*":
        return set(domain.nodes)
    return {name for name in domain.nodes if address.glob(segment, name)}
