"""How long signing a fleet takes: parts, tree, head, one signature, proofs, streams.

python -m benchmarks.sign [NODES...]
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from enve.core import parts
from enve.core.parts import Place
from enve.core.streams import Packer
from enve.model.plan import NodePlan, RenderedPlan
from enve.trust import gnupg
from enve.trust.keyring import Keyring
from enve_pm.core.canonical import dumps
from enve_pm.wire import head as heads

COUNTS = (1_000, 10_000)
UNITS = 10  # a node
T = TypeVar("T")


def line(name: str, node: int) -> str:
    """A line of the usual size."""
    env = {"NODE": str(node), "DATABASE": "db1.shop.example:5432"}
    value = {"v": 1, "name": name, "command": ["/usr/bin/shop", "--workers", "4"], "env": env}
    return dumps({**value, "needs": [], "restart": "always"}).decode()


def rendered(count: int) -> RenderedPlan:
    """A plan with some units on each of so many nodes."""
    nodes = {}
    for at in range(count):
        lines = {name: line(name, at) for name in (f"unit{unit}" for unit in range(UNITS))}
        nodes[f"n{at:05}"] = NodePlan(f"n{at:05}", lines)
    return RenderedPlan("bench", "bench.example", "main", nodes, {})


def timed(what: str, work: Callable[[], T]) -> T:
    """The result of the work; its time is printed."""
    wall = time.perf_counter()
    result = work()
    print(f"  {what:44} {(time.perf_counter() - wall) * 1000:8.1f} ms")
    return result


def measure(count: int, signer: gnupg.GnupgSigner) -> None:
    """Print the steps of one signature."""
    print(f"{count} nodes, {UNITS} units each")
    plan = rendered(count)
    built = timed("parts", lambda: parts.build(plan, (), {}, lambda: secrets.token_hex(16)))
    timed("hashes of lines", lambda: [part.hashes for part in built.values()])
    start = time.perf_counter()
    tree = timed("leaves and tree", lambda: parts.tree(built))
    raw = parts.head(plan, Place(1, ()), tree, int(time.time()))
    signature = timed("gpg, and gpgv at once", lambda: signer.sign(heads.signed(raw)))
    timed("proofs", lambda: parts.proofs(built, tree))
    together = (time.perf_counter() - start) * 1000
    print(f"  {'tree, signature and proofs together':44} {together:8.1f} ms")
    signed = parts.signed(raw, (signature,), built, (signer.key.fingerprint, ""), tree)
    packer = Packer(signed, {}, lambda blob: blob.data or b"")
    timed("streams: the whole part", lambda: [packer.pack(n, None, ()) for n in built])
    same = timed(
        "streams: nothing new", lambda: [packer.pack(n, built[n].hashes, ()) for n in built]
    )
    proof = max(len(heads.encode_proof(proof)) for proof in signed.proofs.values())
    print(f"  proof {proof} bytes a node at most; a stream without news {len(same[0].data)} bytes")


def main() -> None:
    """Measure with a key that lives as long as the benchmark."""
    with tempfile.TemporaryDirectory(prefix="eg", dir="/tmp") as home:
        Path(home).chmod(0o700)
        ring = Keyring(home)
        signer = gnupg.GnupgSigner(ring, ring.make("bench", protect=False))
        for count in [int(word) for word in sys.argv[1:]] or COUNTS:
            measure(count, signer)
        subprocess.run(
            ["gpgconf", "--kill", "all"], env={**os.environ, "GNUPGHOME": home}, check=False
        )


if __name__ == "__main__":
    main()
