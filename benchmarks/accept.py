"""How long a node takes to accept a stream: gpgv, policy, delta, commit, answer; without a pm
that applies it.

python -m benchmarks.accept [UNITS...]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.node.trust import forge
from tests.node.trust.bench import Bench, Keys

COUNTS = (10, 1_000)
TIMES = 5


def lines(count: int, changed: int = 0, value: int = 0) -> dict[str, str]:
    """Lines of so many units, the first `changed` of them with another value."""
    names = [f"u{number:04}" for number in range(count)]
    return {
        name: forge.line(name, env={"VALUE": str(value if at < changed else 0)})
        for at, name in enumerate(names)
    }


def measure(count: int, keys: Keys, folder: Path) -> None:
    """Print what the whole part, one change and all changes cost."""
    who, sign = keys["alice"], keys.sign("alice")
    spots: dict[str, dict[str, object]] = {name: {} for name in lines(count)}
    bench = Bench(folder, forge.blueprint([forge.keyhole(who)], spots=spots), keys.rings)
    plan = forge.Plan.of(lines(count))
    print(f"{count} units")
    _ask(f"the whole part ({len(plan.stream(sign))} bytes)", bench, [plan.stream(sign)])
    for what, changed in (("nothing changed", 0), ("one line changed", 1), ("all changed", count)):
        streams = []
        for number in range(TIMES):
            held, plan = plan.parts["web1"].hashes, plan.after(lines(count, changed, number + 1))
            streams.append(plan.stream(sign, held=held))
        _ask(f"{what} ({len(streams[-1])} bytes)", bench, streams)


def _ask(what: str, bench: Bench, streams: list[bytes]) -> None:
    walls, cpu = [], time.process_time()
    for stream in streams:
        began = time.perf_counter()
        ack = bench.ask(stream)
        walls.append(time.perf_counter() - began)
        assert ack.verdict == "accepted", ack
    spent = (time.process_time() - cpu) / len(streams)
    print(f"  {what:34} {statistics.median(walls) * 1000:7.1f} ms  own cpu {spent * 1000:6.1f} ms")


def main() -> None:
    """Measure with a key that lives as long as the benchmark."""
    keys = Keys(["alice"])
    try:
        for count in [int(word) for word in sys.argv[1:]] or COUNTS:
            with tempfile.TemporaryDirectory() as name:
                measure(count, keys, Path(name))
    finally:
        keys.home.close()


if __name__ == "__main__":
    main()
