"""The links of one network namespace: bridges and pairs (veth) are made, set and removed."""

from __future__ import annotations

import os
import struct

from enve_pm.core.lean import namedtuple
from enve_pm.maker.netlink import CREATE, EXCL, Netlink, attribute, number, parse, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

# index: by which the kernel knows it · peer: index of a pair's other end, wherever that is ·
# master: index of the bridge that it sits on, 0: none · kind: "" for hardware
Link = namedtuple("Link", "index name kind up mtu alias group master peer")

_NEW, _DELETE, _GET, _SET = 16, 17, 18, 19
_ADDRESS, _NAME, _MTU, _PEER, _MASTER = 1, 3, 4, 5, 10
_INFO, _ALIAS, _GROUP, _NAMESPACE = 18, 20, 27, 28
_KIND, _DATA = 1, 2  # in _INFO
_OTHER_END = 1  # in _DATA of a pair
_HEAD = struct.Struct("=BxHiII")  # family, type, index, flags, which flags are meant
_UP = 1
_FIRST = 1  # index of the loopback link of every namespace


class Links:
    """Through a socket that was opened in that namespace. Everything raises OSError."""

    def __init__(self, netlink: Netlink) -> None:
        self._netlink = netlink

    def all(self) -> dict[str, Link]:
        """By name."""
        rows = self._netlink.dump(_GET, "links", _HEAD.pack(0, 0, 0, 0, 0))
        links = [_read(row) for row in rows]
        return {link.name: link for link in links}

    def loopback(self) -> Link:
        """`lo`, whatever somebody in there calls it."""
        return next(link for link in self.all().values() if link.index == _FIRST)

    def add_bridge(self, name: str, group: int) -> None:
        """Its address does not change with what sits on it; `group`: see `mark`."""
        info = attribute(_INFO, [attribute(_KIND, b"bridge")])
        address = bytes([2]) + os.urandom(5)  # 2: administered by us
        more = [attribute(_ADDRESS, address), attribute(_GROUP, group), info]
        self._tell(_NEW, name, 0, more, CREATE | EXCL)

    def add_pair(self, name: str, other: str, group: int) -> None:
        """Both ends are in this namespace."""
        mark = attribute(_GROUP, group)
        end = _HEAD.pack(0, 0, 0, 0, 0) + attribute(_NAME, other) + mark
        data = attribute(_DATA, [attribute(_OTHER_END, end)])
        info = attribute(_INFO, [attribute(_KIND, b"veth"), data])
        self._tell(_NEW, name, 0, [mark, info], CREATE | EXCL)

    def remove(self, link: Link) -> None:
        """And, of a pair, the other end."""
        self._netlink.tell(_DELETE, link.name, _HEAD.pack(0, 0, link.index, 0, 0))

    def mark(self, link: Link, alias: str) -> None:
        """Whose it is. No link can begin with an alias, but it can with a group: from here on that
        is the common one."""
        words = [attribute(_ALIAS, alias), attribute(_GROUP, 0)]
        self._tell(_SET, link.name, link.index, words)

    def resize(self, link: Link, mtu: int) -> None:
        self._tell(_SET, link.name, link.index, [attribute(_MTU, mtu)])

    def join(self, link: Link, bridge: int) -> None:
        """Let it sit on a bridge, or on none (0)."""
        self._tell(_SET, link.name, link.index, [attribute(_MASTER, bridge)])

    def raise_(self, link: Link) -> None:
        head = _HEAD.pack(0, 0, link.index, _UP, _UP)
        self._netlink.tell(_SET, link.name, head)

    def move(self, link: Link, namespace: int) -> None:
        """Into another namespace, an open file."""
        self._tell(_SET, link.name, link.index, [attribute(_NAMESPACE, namespace)])

    def _tell(
        self, kind: int, name: str, index: int, more: Sequence[bytes], flags: int = 0
    ) -> None:
        words = [] if index else [attribute(_NAME, name)]
        data = _HEAD.pack(0, 0, index, 0, 0) + b"".join([*words, *more])
        self._netlink.tell(kind, name, data, flags)


def _read(row: bytes) -> Link:
    _, _, index, flags, _ = _HEAD.unpack_from(row)
    found = parse(row[_HEAD.size :])
    info = parse(found.get(_INFO, b""))
    return Link(
        index,
        text(found, _NAME),
        text(info, _KIND),
        bool(flags & _UP),
        number(found, _MTU),
        text(found, _ALIAS),
        number(found, _GROUP),
        number(found, _MASTER),
        number(found, _PEER),
    )
