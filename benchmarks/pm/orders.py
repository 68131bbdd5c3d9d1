"""What a client and a signed stream ask for, and how soon it has happened."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping

from tests.node.trust import forge
from tests.node.trust.bench import FOLDERS, Keys

from benchmarks.pm.manager import SLEEP, Pm, now, quantiles, spin
from enve_pm.wire import canonical

WHO = "alice"
SINGLE = 40  # commands by the client


def client(pm: Pm, _: int) -> dict[str, object]:
    """`pm start` and `pm stop` as a person types them, until the process is there, or gone."""
    pm.define("one", want="down", ready={"how": "wait", "ms": 0})
    pm.start()
    time.sleep(0.5)
    times = [_typed(pm, verb) for _ in range(SINGLE // 2) for verb in ("start", "stop")]
    return {"client": quantiles(times)}


def _typed(pm: Pm, verb: str) -> float:
    count = len(pm.children())
    began = now()
    words = [*pm.program, verb, "one", "--home", str(pm.home)]
    typed = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    late = spin(lambda: len(pm.children()) != count, f"pm {verb}") - began
    typed.wait()
    return late


def stream(pm: Pm, count: int) -> dict[str, object]:
    """One signed stream that brings all units, and one that changes each of them."""
    keys = Keys([WHO])
    try:
        return _streams(pm, count, keys)
    finally:
        keys.home.close()


def _streams(pm: Pm, count: int, keys: Keys) -> dict[str, object]:
    names = [f"u{number:04d}" for number in range(count)]
    _trust(pm, keys, {name: {} for name in names})
    pm.start(pipe=True)
    plan = _plan(_lines(names, "first"))
    began, cpu = now(), pm.cpu()
    pm.pour(forge.frames(plan.stream(keys.sign(WHO))))
    first = spin(lambda: pm.sleeps() >= count, "all run", 0.002) - began
    spin(lambda: _verdict(pm) == "applied", "the first stream is applied", 0.01)
    brought = pm.cpu() - cpu
    before = pm.children()
    changed = plan.after(_lines(names, "second"))
    data = forge.frames(changed.stream(keys.sign(WHO), held=plan.parts["web1"].hashes))
    began, cpu = now(), pm.cpu()
    pm.pour(data)
    spin(lambda: len(pm.children() - before) >= count, "all are new", 0.002)
    second = spin(lambda: pm.sleeps() == count, "no old one is left", 0.002) - began
    return {
        "stream_start_ms": round(first),
        "stream_start_cpu_ms": round(brought),
        "stream_change_ms": round(second),
        "stream_change_cpu_ms": round(pm.cpu() - cpu),
        "rss": round(pm.rss(), 1),
    }


def _trust(pm: Pm, keys: Keys, spots: Mapping[str, dict[str, object]]) -> None:
    """What deploy lays down."""
    for folder in FOLDERS:
        (pm.home / folder).mkdir(parents=True, exist_ok=True)
    for fingerprint, ring in keys.rings.items():
        (pm.home / "trust" / "keys" / f"{fingerprint}.gpg").write_bytes(ring)
    blueprint = forge.blueprint([forge.keyhole(keys[WHO])], spots=spots, pms={})
    (pm.home / "trust" / "blueprint.json").write_bytes(canonical.dumps(blueprint))


def _plan(lines: Mapping[str, str]) -> forge.Plan:
    issued = int(time.time())
    return forge.Plan.of(lines, issued=issued, expires=issued + 3600)


def _lines(names: list[str], value: str) -> dict[str, str]:
    return {name: forge.line(name, command=SLEEP, env={"VALUE": value}) for name in names}


def _verdict(pm: Pm) -> str:
    acks = sorted((pm.home / "public" / "acks").iterdir(), key=os.path.getmtime)
    return "applied" if acks and b'"applied"' in acks[-1].read_bytes() else ""
