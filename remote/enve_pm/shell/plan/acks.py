"""public/acks: the answers to streams, one small file each, for the writers that wait for them.

The file is named by the hash that pm computed, so nobody can plant an answer to what he did not
send; it repeats the nonce of the attempt that it answers. A stream that was evicted before it was
whole is answered under the 16 hex digits that its frames claimed: all it says is "again".

A full disk must not silence pm just when it has to say that the disk is full: the answer then takes
the room of a spare file, or of the oldest refusal.
"""

from __future__ import annotations

from enve_pm.core.refusal import FormatError
from enve_pm.shell.state.disk import replace
from enve_pm.wire import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.shell.state.disk import Disk
    from enve_pm.wire.record import Ack

ACCEPTED = 256  # answers kept
REFUSED = 64
SPARE = 4096  # bytes: one block, and more than nearly any refusal has
_REFUSALS = (record.REJECTED, record.NEED_FULL, record.BUSY)


class Acks:
    """Answers that could not be written are lost: their writers ask again."""

    def __init__(self, disk: Disk, folder: str) -> None:
        self.disk = disk
        self.folder = folder
        self._spare = folder + ".spare"
        self._spared = False
        self._accepted: dict[str, None] = {}  # oldest first
        self._refused: dict[str, None] = {}

    def load(self) -> None:
        """Learn what is there, so that it can be pruned."""
        for name in self.disk.names(self.folder):
            try:
                ack = record.parse_ack(self.disk.read(self._path(name), record.ACK_SIZE))
            except (OSError, FormatError):
                self._remove(name)
            else:
                self._count(name, ack)
        self._keep_spare()

    def write(self, name: str, ack: Ack) -> None:
        data = record.encode_ack(ack)
        try:
            replace(self.disk, self._path(name), data, 0o644, lasting=False)
        except OSError:
            if not self._into_spare(name, data):
                return
        self._count(name, ack)
        self._keep_spare()

    def _into_spare(self, name: str, data: bytes) -> bool:
        """Write where there is room already; False when there is none."""
        try:
            if not self._spared and not self._give_up_oldest():
                return False
            self._spared = False
            self.disk.fill(self._spare, data, 0o644)
            self.disk.rename(self._spare, self._path(name))
        except OSError:
            return False
        return True

    def _give_up_oldest(self) -> bool:
        """The oldest refusal becomes the spare file; False when there is none. Raises OSError."""
        oldest = next(iter(self._refused), "")
        if oldest:
            del self._refused[oldest]
            self.disk.rename(self._path(oldest), self._spare)
        return bool(oldest)

    def _keep_spare(self) -> None:
        if not self._spared:
            try:
                self.disk.remove(self._spare)
                self.disk.create(self._spare, bytes(SPARE), lasting=False)
            except OSError:
                return  # tried again with the next answer
            self._spared = True

    def _count(self, name: str, ack: Ack) -> None:
        self._accepted.pop(name, None)
        self._refused.pop(name, None)
        refused = ack.verdict in _REFUSALS
        names, limit = (self._refused, REFUSED) if refused else (self._accepted, ACCEPTED)
        names[name] = None
        while len(names) > limit:
            oldest = next(iter(names))
            del names[oldest]
            self._remove(oldest)

    def _remove(self, name: str) -> None:
        try:
            self.disk.remove(self._path(name))
        except OSError:
            pass  # found and pruned again after the next start

    def _path(self, name: str) -> str:
        return self.folder + "/" + name
