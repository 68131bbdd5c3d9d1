"""Many who make, find, collect and are killed, for a while: what anybody is given is whole."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from enve_fire.core.title import parse_entry
from enve_fire.store.store import Store
from enve_fire.store.wanted import Wanted

pytestmark = pytest.mark.nightly
REMOTE = Path(__file__).parents[3] / "remote"
SECONDS = 30

WORKER = """
import os, random, sys, time
sys.path.insert(0, sys.argv[1])
from enve_fire.store import collect, collection
from enve_fire.store.store import Store
from enve_fire.store.wanted import Wanted
collect.DAY = collection.DAY = 0  # else all is too young to be collected
random.seed(sys.argv[2])
store = Store.of(os.environ)
def method(out):
    for name in "abc":
        with open(out + "/" + name, "w") as file:
            file.write("x" * 1000)
        time.sleep(random.random() / 100)
def bad(out):
    method(out)
    raise ValueError("bad")
while True:
    text = random.choice("pqr")
    wanted = Wanted(text, text, "build", ttl=1 if text == "p" else 0)
    try:
        entry = store.make(wanted, random.choice([method, method, bad]))
    except ValueError:
        continue
    try:
        sizes = [os.stat(entry.path + "/" + name).st_size for name in "abc"]
        facts = entry.meta()["files"]
    except (FileNotFoundError, KeyError):
        pass  # it was replaced, or collected, since
    else:
        if (sizes, facts) != ([1000] * 3, 3):
            raise AssertionError((text, sizes, facts))
    if random.random() < 0.1:
        collector = collect.Collector(store)
        if collector.run(collector.doomed(0, None)):
            open(sys.argv[3], "w").close()
"""


def worker(store: Store) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-I", "-S", "-c", WORKER, str(REMOTE), str(random.random())]
    words.append(store.first + ".collected")
    env = {**os.environ, "ENVE_STORE": store.first}
    return subprocess.Popen(words, env=env, stderr=subprocess.PIPE)


def test_a_storm() -> None:
    seed = random.randrange(1 << 32)
    print("seed:", seed)
    random.seed(seed)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        store = Store.of({"ENVE_STORE": folder + "/store"})
        workers = [worker(store) for _ in range(6)]
        end = time.monotonic() + SECONDS
        try:
            while time.monotonic() < end:
                time.sleep(random.random() / 10)  # at no moment in particular
                one = random.choice(workers)
                assert one.poll() is None, one.communicate()[1].decode()
                one.kill()
                one.communicate()
                workers[workers.index(one)] = worker(store)
        finally:
            for one in workers:
                one.kill()
                one.communicate()

        assert Path(store.first + ".collected").exists(), "nothing was collected"

        def whole(out: str) -> None:
            for name in "abc":
                Path(out, name).write_text("x" * 1000)

        for text in "pqr":
            assert store.make(Wanted(text, text, "build"), whole)
        shelf = Path(store.first, "root-build")
        names = {path.name for path in shelf.iterdir() if parse_entry(path.name)}
        assert names == {Wanted(text, text).name for text in "pqr"}
