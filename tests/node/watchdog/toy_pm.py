"""A pm with nothing inside, around the real watchdog: beats, starts families, does as it is told.

toy_pm.py HOME EVERY PATIENCE FAMILIES [no-cgroup]; `exit N` on HOME/input ends it with N.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from pathlib import Path

from enve_pm.shell.guard import heartbeat, lock, subtree, watchdog
from enve_pm.shell.guard.post import Post
from enve_pm.shell.process import cgroup


def main() -> int:
    home, every, patience, families, *rest = sys.argv[1:]
    try:
        post = watchdog.prepare(home)
    except lock.Held as held:
        print(held, file=sys.stderr)
        return 3
    post = post._replace(every=float(every), patience=float(patience))
    side = watchdog.split(post, groups=not rest)
    return watchdog.guard(side) if side.pid else pm(side, int(families))


def pm(side: Post, families: int) -> int:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    script = os.environ["FAMILY"]
    pids = [os.posix_spawn("/bin/sh", ["sh", "-c", script], os.environ) for _ in range(families)]
    Path(side.home, "pids").write_text(f"{os.getppid()} {os.getpid()} {' '.join(map(str, pids))}\n")
    wire = heartbeat.Wire(side.reader, side.writer)
    while True:
        ready, _, _ = select.select([wire, side.input], [], [])
        if side.input in ready:
            return int(os.read(side.input, 512).split()[1])
        messages = wire.hear()
        if messages is None:
            subtree.end_all(0.5, 5)
            if side.cgroup:
                cgroup.leave(side.cgroup)
            return 3
        for word, _ in messages:
            if word == heartbeat.PING:
                wire.say(heartbeat.BEAT)


if __name__ == "__main__":
    sys.exit(main())
