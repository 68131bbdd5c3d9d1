"""Entries for others: archives and signatures in a folder that a web server serves."""

from __future__ import annotations

from contextlib import ExitStack

from enve_fire.store import archive, signature, survey
from enve_fire.store.archive import ENDS, SIG
from enve_fire.store.outgoing import Hashed, Outgoing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

    from enve_fire.store.entry import Entry
    from enve_fire.store.survey import Item


def publish(entry: Entry, folder: str, key: str) -> str:
    """The path of its archive. Whoever fetches meanwhile gets one that is whole. What is signed is
    what was written, whatever lies in the folder by then. Raises Trouble, OSError."""
    name = entry.name + ENDS[0]
    with ExitStack() as stack:
        out = stack.enter_context(Outgoing.at(folder, signed=True))
        beside = stack.enter_context(out.file(entry.name + SIG))
        sink = Hashed(stack.enter_context(out.file(name)))
        archive.pack(entry, sink)
        beside.write(signature.sign(key, signature.statement(sink.sum(), entry.name)))
    return "%s/%s" % (folder, name)


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
