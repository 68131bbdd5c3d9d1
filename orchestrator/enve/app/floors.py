"""The newest head that we know per lane: below it a new or reinstalled node takes nothing."""

from __future__ import annotations

from pathlib import Path

from enve.app.history import History


def known(state: Path) -> dict[str, int]:
    """Lane -> serial, from the history of this domain (`settings.of_domain`). A head that can't
    have reached any node counts for nothing: nobody will ever march it again."""
    folder = state / "history"
    lanes = [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    found = {
        lane.name: max(
            (e.signed.serial for e in History(lane).entries() if e.may_be_held), default=0
        )
        for lane in lanes
    }
    return {lane: serial for lane, serial in found.items() if serial}
