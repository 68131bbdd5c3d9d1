"""Outlines to pm trees: who may contain whom, and as which users (memo, "pm sub")."""

from __future__ import annotations

from dataclasses import replace

from enve.load.blueprint.outline import Outline, PmOutline
from enve.load.blueprint.walls import wrong
from enve.load.yaml.item import Item
from enve.model.blueprint import Ceiling, PmTree
from enve_pm.core import nesting, pmlines, walls
from enve_pm.core.blueprint import OF_ROOT, ROOT, WALLS, rootless
from enve_pm.core.inside import NONE

DEPTH = 8
Chain = tuple[str, ...]  # the kinds of the pms on the way, the node's own first


def build(outline: Outline, node: str, system: bool) -> PmTree:
    """The tree of one node. `system`: its pm is root's."""
    return _Builder(node, system).build(outline)


class _Builder:
    def __init__(self, node: str, system: bool) -> None:
        self._node = node
        self._system = system
        self._ranges: list[int] = []  # where the users of jails begin
        self._users: dict[str, Item] = {}  # of the sub-pms of root pms: each its own

    def build(self, outline: Outline) -> PmTree:
        chain = (nesting.ROOTPM if self._system else nesting.USERPM,)
        return self._inside(outline, chain, "")

    def _inside(self, outline: Outline, chain: Chain, user: str) -> PmTree:
        tree = PmTree(
            spots={
                name: self._spot(name, ceiling, key, user, chain)
                for name, (ceiling, key) in outline.spots.items()
            },
            pms={name: self._pm(name, pm, chain, user) for name, pm in outline.pms.items()},
        )
        self._roots(outline, tree)
        for name, pm in outline.pms.items():
            self._walls(name, pm, tree)
        flaw = pmlines.needs_flaw(tree.pms, tree.spots)
        if flaw is not None:
            name, why = flaw
            pm = outline.pms[name]
            raise pm.at("needs").bad(f"needs of pm {name!r} of {self._node}: {why}")
        return tree

    def _roots(self, outline: Outline, tree: PmTree) -> None:
        """What a ceiling names the root of is a spot for one."""
        found = rootless(tree.spots, tree.pms)
        if found is not None:
            name, key, unit = found
            what = f"{key} of spot {name!r} of {self._node}"
            raise outline.spots[name][1].bad(
                f"{what}: no spot {unit} with kinds: [subroot] beside it"
            )

    def _walls(self, name: str, pm: PmOutline, tree: PmTree) -> None:
        """What it enters is a spot for that beside it."""
        for key, kind in WALLS:
            spot = pm.walls.get(key, NONE)
            if spot != NONE and (spot not in tree.spots or kind not in tree.spots[spot].kinds):
                what = f"pm {name!r} of {self._node}"
                raise wrong(pm.table, what, key, f"a spot beside it with kinds: [{kind}]", spot)

    def _spot(self, name: str, ceiling: Ceiling, key: Item, user: str, chain: Chain) -> Ceiling:
        if _of_user(chain) and self._system and ceiling.user not in ("", user):
            message = f"spot {name!r}: its pm runs as {user!r} and can't start it as another user"
            raise key.bad(message, hint="leave `user` out")
        if self._system and not (ceiling.user or user):
            raise key.bad(
                f"spot {name!r} of {self._node} names no user",
                notes=("its pm is root's, and root is never the default",),
                hint="add `user: NAME`",
            )
        self._of_root(name, ceiling, key)
        return replace(ceiling, user=ceiling.user or user)

    def _of_root(self, name: str, ceiling: Ceiling, key: Item) -> None:
        """What root goes by must not lie where somebody else writes."""
        kinds = sorted(OF_ROOT.intersection(ceiling.kinds))
        if self._system and kinds and ceiling.user != ROOT:
            raise key.bad(
                f"spot {name!r} of {self._node}: a {kinds[0]} is root's, found {ceiling.user!r}",
                hint=f"make it `user: root`, with only such kinds: `kinds: [{' '.join(kinds)}]`",
            )

    def _pm(self, name: str, pm: PmOutline, chain: Chain, above: str) -> PmTree:
        below = (*chain, walls.kind(pm.mode, pm.walls))
        try:
            nesting.check(below)
        except nesting.NestingError as error:
            raise pm.at("mode").bad(f"pm {name!r} of {self._node}: {error}") from None
        if len(below) > DEPTH:
            raise pm.key.bad(f"pms nested more than {DEPTH} deep")
        user = self._user(name, pm, chain, above)
        tree = self._inside(pm.inner, below, user)
        tree = replace(tree, mode=pm.mode, user=user, walls=pm.walls, needs=pm.needs)
        why = walls.users_flaw(tree, self._ranges)
        if why:
            raise pm.at("users").bad(f"users of pm {name!r} of {self._node}: {why}")
        return tree

    def _user(self, name: str, pm: PmOutline, chain: Chain, above: str) -> str:
        what = f"pm {name!r} of {self._node}"
        if pm.mode == "root":
            if pm.user:
                raise pm.at("user").bad(f"{what}: mode root takes no user")
            return ""
        if _of_user(chain):
            if pm.user not in ("", above) and self._system:
                raise pm.at("user").bad(f"{what}: below a pm of {above!r} it is that user too")
            return above or pm.user
        return self._own_user(what, pm)

    def _own_user(self, what: str, pm: PmOutline) -> str:
        if not pm.user:
            raise pm.key.bad(f"{what}: mode user under a root pm names its user", hint="add `user`")
        if pm.user == "root":
            raise pm.at("user").bad(f"{what}: mode user can't be root", hint="mode: root")
        first = self._users.setdefault(pm.user, pm.at("user"))
        if first is not pm.at("user"):
            raise pm.at("user").bad(
                f"{what}: another pm runs as {pm.user!r} already",
                notes=(f"first at {first.where}",),
                hint="give each its own user: the same user could harm both",
            )
        return pm.user


def _of_user(chain: Chain) -> bool:
    """Whether the pm has no root rights to give."""
    return nesting.letter(chain[-1]) == nesting.USER
