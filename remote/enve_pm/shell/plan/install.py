"""What deploy has put into HOME/trust: the blueprint, the key rings and the floors."""

from __future__ import annotations

from enve_pm.core.refusal import KEYHOLE, FormatError, Refused
from enve_pm.shell.state.disk import replace
from enve_pm.wire import openpgp, record, truststate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable

    from enve_pm.core.blueprint import Blueprint
    from enve_pm.shell.state.disk import Disk
    from enve_pm.wire.openpgp import Ring


class Install:
    """Reads what may change under a running pm; deploy replaces each file in one piece."""

    def __init__(self, disk: Disk, home: str, system: bool) -> None:
        self.disk = disk
        self.folder = home + "/trust"
        self.system = system
        self._blueprint: Blueprint | None = None
        self._stamp: tuple[int, int, int] = (0, 0, 0)  # of the file that was read

    def blueprint(self) -> Blueprint:
        """Refused(keyhole) when there is none that can be read: then nobody may march here."""
        path = self.folder + "/blueprint.json"
        try:
            stamp = self.disk.stamp(path)
            if self._blueprint is None or stamp != self._stamp:
                data = self.disk.read(path, record.BLUEPRINT_SIZE)
                self._blueprint = record.parse_blueprint(data, self.system)
                self._stamp = stamp
        except OSError as error:
            raise Refused(KEYHOLE, "this node has no blueprint: %s" % error.strerror) from None
        except FormatError as error:
            raise Refused(KEYHOLE, "this node's blueprint is broken: %s" % error) from None
        return self._blueprint

    def rings(self, fingerprints: Iterable[str]) -> list[tuple[Ring, bytes]]:
        """The key ring of each fingerprint, as bytes and as the names in it; those that are not
        there or are not that key are left out."""
        found = []
        for fingerprint in sorted(set(fingerprints)):
            path = "%s/keys/%s.gpg" % (self.folder, fingerprint)
            try:
                data = self.disk.read(path, openpgp.RING)
                ring = openpgp.ring(data)
            except (OSError, FormatError):
                continue
            if ring.primary == fingerprint:
                found.append((ring, data))
        return found

    def clock(self) -> truststate.Clock:
        """Refused(keyhole) when it is broken: without the floor an old key could open."""
        try:
            return truststate.parse_clock(self.disk.read(self.folder + "/clock.json", 4096))
        except FileNotFoundError:
            return truststate.Clock(0, 0)
        except (OSError, FormatError) as error:
            raise Refused(KEYHOLE, "this node's clock.json cannot be read: %s" % error) from None

    def floors(self) -> dict[str, int]:
        """Lane -> the newest serial that deploy knew. Refused(keyhole) when they are broken:
        without them an old plan could be new."""
        try:
            return truststate.parse_floors(self.disk.read(self.folder + "/floors.json", 1 << 16))
        except FileNotFoundError:
            return {}
        except (OSError, FormatError) as error:
            raise Refused(KEYHOLE, "this node's floors.json cannot be read: %s" % error) from None

    def raise_floor(self, issued: int) -> None:
        """After an accepted head: time does not run back behind it. A floor that cannot be written
        is raised by the next plan."""
        try:
            clock = self.clock()
            if issued > clock.floor:
                data = truststate.encode_clock(clock._replace(floor=issued))
                replace(self.disk, self.folder + "/clock.json", data)
        except (OSError, Refused):
            return
