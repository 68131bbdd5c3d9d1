"""A full disk does not silence pm: its answers take the room of a spare file, then of old ones."""

from __future__ import annotations

import errno
from pathlib import Path

from enve_pm.shell.plan.acks import Acks
from enve_pm.shell.state.disk import Disk
from enve_pm.wire import record


class Full(Disk):
    """No file can be made while `full`; those that are there can be written to."""

    full = False

    def create(self, path: str, data: bytes, mode: int = 0o600, lasting: bool = True) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device", path)
        super().create(path, data, mode, lasting)


def refusal(number: int) -> record.Ack:
    return record.Ack(True, f"{number:016x}", "rejected", "storage", "full", number, "main", {})


def told(folder: Path, number: int) -> record.Ack:
    return record.parse_ack((folder / f"{number:064x}").read_bytes())


def test_answers_on_a_full_disk(tmp_path: Path) -> None:
    folder, disk = tmp_path / "acks", Full()
    folder.mkdir()
    acks = Acks(disk, str(folder))
    acks.load()
    acks.write(f"{1:064x}", refusal(1))
    disk.full = True
    for number in (2, 3, 4):  # the spare file, then the oldest refusals
        acks.write(f"{number:064x}", refusal(number))
        assert told(folder, number) == refusal(number)
        assert (folder / f"{number:064x}").stat().st_mode & 0o777 == 0o644
    assert sorted(path.name for path in folder.iterdir()) == [f"{3:064x}", f"{4:064x}"]
    disk.full = False
    acks.write(f"{5:064x}", refusal(5))
    assert told(folder, 4) == refusal(4)
    assert (tmp_path / "acks.spare").stat().st_size == 4096


def test_without_any_room_an_answer_is_lost_and_nothing_else(tmp_path: Path) -> None:
    folder, disk = tmp_path / "acks", Full()
    folder.mkdir()
    disk.full = True
    acks = Acks(disk, str(folder))
    acks.load()
    acks.write(f"{1:064x}", refusal(1))
    assert list(folder.iterdir()) == []
