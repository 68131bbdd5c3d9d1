"""One of many writers into a real fifo: `fifo_writer.py PIPE NUMBER STREAMS KIND`.

good: whole streams in frames of 512 bytes; garbage: noise between them; torn: also writes that are
too long to stay in one piece; killed: dies in the middle of its last stream.
"""

from __future__ import annotations

import os
import random
import sys

from enve_pm.wire import frame


def main() -> None:
    pipe, number, streams, kind = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    chance = random.Random(number)
    fd = os.open(pipe, os.O_WRONLY)
    for count in range(streams):
        data = b"%d %d " % (number, count) + b"x" * chance.randrange(3000)
        framed = frame.encode(data, chance.randbytes(8))
        last = count == streams - 1
        for at in range(0, len(framed), frame.SIZE):
            if kind in ("garbage", "torn") and chance.random() < 0.2:
                os.write(fd, chance.randbytes(chance.randrange(1, 600)))
            if kind == "torn" and chance.random() < 0.05:
                os.write(fd, b"EV" * 3000)
            if kind == "killed" and last and at:
                os._exit(9)
            os.write(fd, framed[at : at + frame.SIZE])


if __name__ == "__main__":
    main()
