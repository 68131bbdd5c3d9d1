"""Entries for others: archives and signatures in a folder that a web server serves."""

from __future__ import annotations

import os

from enve_fire.store import archive, signature, survey
from enve_fire.store.archive import ENDS, SIG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

    from enve_fire.store.entry import Entry
    from enve_fire.store.survey import Item


def publish(entry: Entry, folder: str, key: str) -> str:
    """The path of its archive. Whoever fetches meanwhile gets one that is whole; where that is
    replaced between his two requests, he asks once more. Raises Trouble, OSError."""
    target = "%s/%s" % (folder, entry.name)
    part = "%s/.%s.%d" % (folder, entry.name, os.getpid())
    try:
        with open(part, "w+b") as file:
            archive.pack(entry, file)
            file.flush()
            os.fsync(file.fileno())
            sum_ = archive.sum_of(file)
        signed = signature.sign(key, signature.statement(sum_, entry.name))
        with open(part + SIG, "wb") as file:
            file.write(signed)
        os.rename(part + SIG, target + SIG)  # before what cannot be taken without it
        os.rename(part, target + ENDS[0])
    finally:
        for left in (part, part + SIG):
            if os.path.lexists(left):
                os.unlink(left)
    return target + ENDS[0]


def needed(items: Sequence[Item], everything: Sequence[Item]) -> list[Item]:
    """These, and all that they need, each once."""
    found = {item.entry.name: item for item in reversed(items)}
    left = list(found.values())
    while left:
        for name in survey.deps(left.pop()):
            for item in everything:
                if item.entry.name == name and name not in found:
                    found[name] = item
                    left.append(item)
    return list(found.values())
