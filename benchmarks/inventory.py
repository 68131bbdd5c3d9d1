"""How long reading takes: inventories of many nodes, and plans rendered for them.

python -m benchmarks.inventory [NODES...]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from enve.core.resolve import select_nodes
from enve.load.blueprint.blueprint import load_blueprint
from enve.load.inventory.inventory import load_domain
from enve.load.keyfile import PublicKey
from enve.load.plan.plan import load_plan
from enve.model.blueprint import Blueprint
from enve.model.site import Domain

COUNTS = (1_000, 10_000)
BLUEPRINT = "nodes: {all: {spots: {a: {user: u}, b: {user: u}, c: {user: u}}}}\n"
PLAN = """
plan: bench
spots:
  "*.a": {run: "serve --name {{ node.name }}", needs: b}
  "*.b": {run: "serve {{ spot.dir }}", env: {HOST: "{{ node.host }}"}}
  "*.c": {run: "serve {{ port }}", vars: {port: 80}}
"""


def written(folder: Path, count: int) -> None:
    """An inventory with every node on a line of its own, a blueprint and a plan."""
    rows = [
        f"  n{i:05}: {{host: 10.{i // 62500}.{i // 250 % 250}.{i % 250}, groups: [g{i % 20}]}}"
        for i in range(count)
    ]
    head = ["domain: bench.example", "defaults: {user: root}", "nodes:"]
    (folder / "inventory.yml").write_text("\n".join([*head, *rows, ""]))
    (folder / "blueprint.yml").write_text(BLUEPRINT)
    (folder / "plan.yml").write_text(PLAN)


T = TypeVar("T")


def timed(what: str, work: Callable[[], T]) -> T:
    """The result of the work; its time is printed."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    print(
        f"  {what:32} {time.perf_counter() - wall:6.2f} s  cpu {time.process_time() - cpu:6.2f} s"
    )
    return result


def measure(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written(folder, count)
        print(f"{count} nodes")
        domain: Domain = timed("inventory", lambda: load_domain([folder / "inventory.yml"]))
        blueprint: Blueprint = timed(
            "blueprint",
            lambda: load_blueprint(
                folder / "blueprint.yml", domain, lambda _: PublicKey("A" * 40, b"")
            ),
        )
        timed("limit g1:&n0*:!*1", lambda: select_nodes(domain, ["g1:&n0*:!*9"]))
        timed(
            "plan, 3 spots a node",
            lambda: load_plan(folder / "plan.yml", domain, blueprint, artifacts=folder),
        )


def main() -> None:
    for count in [int(text) for text in sys.argv[1:]] or COUNTS:
        measure(count)


if __name__ == "__main__":
    main()
