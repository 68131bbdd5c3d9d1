"""public/held.json: what this node holds, for those who may march: heads with their signatures,
hashes of lines, names of blobs; no contents."""

from __future__ import annotations

from enve_pm.core.address import leads
from enve_pm.core.refusal import Refused
from enve_pm.shell.state.disk import replace
from enve_pm.wire import head as heads
from enve_pm.wire import openpgp, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.shell.plan.install import Install
    from enve_pm.shell.plan.plans import Plan, Plans
    from enve_pm.shell.product.store import Store
    from enve_pm.wire.openpgp import Ring


class Held:
    """`manual`: names of the spots whose want was set by hand."""

    def __init__(self, path: str, install: Install, plans: Plans, store: Store) -> None:
        self.manual: frozenset[str] = frozenset()
        self._path = path
        self._install = install
        self._plans = plans
        self._store = store

    def publish(self) -> None:
        """Write it; a disk that is full, or a node without a blueprint, shows the older one."""
        try:
            blueprint = self._install.blueprint()
            found = self._install.rings(keyhole.fpr for keyhole in blueprint.keyholes)
            rings = [ring for ring, _ in found]
            lanes = {lane: self._lane(plan, rings) for lane, plan in self._plans.held.items()}
            held = record.Held(record.RANGE, blueprint.node, lanes, self._store.sizes)
            data = record.encode_held(held)
            replace(self._plans.disk, self._path, data, 0o644, lasting=False)
        except (OSError, Refused):
            return

    def _lane(self, plan: Plan, rings: list[Ring]) -> record.Lane:
        known = self._plans.state.lanes[plan.lane]
        proof = heads.parse_proof(plan.proof)
        named = [openpgp.check(sig) for sig in plan.sigs]
        return record.Lane(
            plan.head,
            plan.sigs,
            plan.part.header,
            known.leaf,
            {"index": proof.index, "path": [step.hex() for step in proof.path]},
            plan.part.hashes,
            plan.serial,
            known.active,
            [name for name in self.manual if leads(name, plan.part.lines)],
            [ring.primary for one in named for ring in rings if openpgp.issued_by(ring, one)],
        )
