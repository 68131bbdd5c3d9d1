"""What a run says about all its connections, and the bounds of what goes over them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from enve.errors import InputError, Where

CHUNK = 1 << 18  # bytes of input on their way at once
SAY_GOODBYE = 2.0  # seconds for a connection or a command to end when asked


@dataclass(frozen=True, slots=True)
class SshOptions:
    """What a run says about all its connections (the inventory says the rest per node)."""

    own_known_hosts: Path
    known_hosts: tuple[str, ...] = ()  # instead of ssh_config's
    ssh_config: str = ""
    user: str = ""  # what -u said: it wins over the inventory
    private_key: str = ""
    accept_new: bool = False
    connect_timeout: float = 20.0  # seconds


def pieces(data: bytes | memoryview) -> Iterator[bytes]:
    """`data` in chunks; the whole is never copied."""
    view = memoryview(data)
    for start in range(0, len(view), CHUNK):
        yield bytes(view[start : start + CHUNK])


def file_pieces(path: str) -> Iterator[bytes]:
    """A file in chunks. Raises InputError: that the file is lacking is not the command's doing."""
    try:
        with Path(path).open("rb") as stream:
            while chunk := stream.read(CHUNK):
                yield chunk
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=Where(path)) from None
