"""The floor: a connection to each node and `true` on it, over enve's own transport, and no more.

    python -m benchmarks.bare NODES.json EXECS

NODES.json: [{"name", "host", "port", "user", "key", "pinned"}]. Prints nothing.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from enve.host.connect import Connector
from enve.host.options import SshOptions
from enve.model.site import Connection, Node

AT_ONCE = 64  # as many as enve looks at when nothing else is said
DEADLINE = 60.0


def read(file: Path) -> list[Node]:
    """The nodes of the file."""
    return [
        Node(row.pop("name"), Connection(**row, host_key="pinned"))
        for row in json.loads(file.read_text())
    ]


async def visit(connect: Connector, slots: asyncio.Semaphore, node: Node, execs: int) -> None:
    async with slots:
        host = await connect(node, deadline=DEADLINE)
        for _ in range(execs):
            done = await host.run("true", deadline=DEADLINE)
            assert done.status == 0, done
        await host.close()


async def visit_all(nodes: list[Node], execs: int) -> None:
    slots = asyncio.Semaphore(AT_ONCE)
    options = SshOptions(own_known_hosts=Path("/nonexistent"), ssh_config="none")
    async with Connector(options) as connect:
        await asyncio.gather(*(visit(connect, slots, node, execs) for node in nodes))


if __name__ == "__main__":
    asyncio.run(visit_all(read(Path(sys.argv[1])), int(sys.argv[2])))
