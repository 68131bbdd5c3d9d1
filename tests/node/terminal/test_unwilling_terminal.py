"""A terminal that does not wait (another program on it has made it so) gets all that is shown."""

from __future__ import annotations

import os
import threading

from enve_pm.client import raw


def test_all_is_written_where_writing_does_not_wait() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    text = os.urandom(1 << 20)
    found = bytearray()

    def read() -> None:
        while data := os.read(reader, 4096):
            found.extend(data)

    other = threading.Thread(target=read)
    other.start()
    raw.put(writer, text)
    os.close(writer)
    other.join()
    os.close(reader)
    assert found == text
