"""What is collected and what keeps the rest; pure: names, sizes and times in, names out.

An entry is as recent as the most recent one that needs it. So nothing goes before what needs it.
"""

from __future__ import annotations

from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Sequence

DAY = 86_400

# key: any hashable of one entry; name: HASH-TITLE; bytes; used: UNIX seconds; deps: names
Thing = namedtuple("Thing", "key name bytes used deps")


class Collection:
    """`roots`: (name of the root, entry's name)."""

    def __init__(self, things: Sequence[Thing], roots: Iterable[tuple[str, str]]) -> None:
        self.things = things
        self.roots = list(roots)
        self._by_name: dict[str, list[Thing]] = {}
        for thing in things:
            self._by_name.setdefault(thing.name, []).append(thing)
        self.kept = self.closure(entry for _, entry in self.roots)
        self.used = self._used()

    def closure(self, names: Iterable[str]) -> dict[str, str]:
        """All that these need, themselves too: name -> what needs it ("" of what was given)."""
        found: dict[str, str] = dict.fromkeys(names, "")
        left = list(found)
        while left:
            name = left.pop()
            for thing in self._by_name.get(name, ()):
                for dep in thing.deps:
                    if dep not in found:
                        found[dep] = name
                        left.append(dep)
        return found

    def size(self, names: Iterable[str]) -> int:
        return sum(thing.bytes for name in names for thing in self._by_name.get(name, ()))

    def _used(self) -> dict[str, float]:
        """When each was last of use, by itself or by what needs it."""
        found: dict[str, float] = {}
        for thing in sorted(self.things, key=lambda one: -one.used):
            left = [thing.name]
            while left:
                name = left.pop()
                if name not in found:
                    found[name] = thing.used
                    left += [dep for one in self._by_name.get(name, ()) for dep in one.deps]
        return found

    def doomed(self, now: float, most: int | None = None, older: int | None = None) -> list[Thing]:
        """What goes, first to last: all that was not of use for `older` seconds, and the least
        recent until `most` bytes are left. Nothing that was of use within a day, nor what a root
        keeps."""
        total = sum(thing.bytes for thing in self.things)
        out = []
        for thing in self._order():
            idle = now - self.used[thing.name]
            if thing.name in self.kept or idle < DAY:
                continue
            if (older is not None and idle >= older) or (most is not None and total > most):
                out.append(thing)
                total -= thing.bytes
        return out

    def _order(self) -> list[Thing]:
        """The least recent first; of equals, whatever needs another before that."""
        rank = {name: at for at, name in enumerate(self._before())}
        return sorted(self.things, key=lambda one: (self.used[one.name], rank[one.name]))

    def _before(self) -> list[str]:
        """Names, each before what it needs."""
        seen: set[str] = set()
        out: list[str] = []
        for thing in self.things:
            left = [(thing.name, False)]
            while left:
                name, done = left.pop()
                if done:
                    out.append(name)
                elif name not in seen:
                    seen.add(name)
                    left.append((name, True))
                    left += [
                        (dep, False) for one in self._by_name.get(name, ()) for dep in one.deps
                    ]
        return out[::-1]

    def why(self, name: str) -> list[list[str]]:
        """The chains that keep an entry: [root, entry, what that needs, ..., name]."""
        chains = []
        for root, entry in self.roots:
            parents = self.closure([entry])
            if name in parents:
                chain = [name]
                while parents[chain[-1]]:
                    chain.append(parents[chain[-1]])
                chains.append([root, *reversed(chain)])
        return chains

    def shares(self) -> list[tuple[str, int, int]]:
        """(root, bytes that it keeps, bytes that nothing else keeps)."""
        closures: dict[str, set[str]] = {}
        for root, entry in self.roots:
            closures.setdefault(root, set()).update(self.closure([entry]))
        count: dict[str, int] = {}
        for names in closures.values():
            for name in names:
                count[name] = count.get(name, 0) + 1
        return [
            (root, self.size(names), self.size(name for name in names if count[name] == 1))
            for root, names in closures.items()
        ]
