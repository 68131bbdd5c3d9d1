"""Why something was not taken: two exceptions, and the codes that stand in an ack."""

from __future__ import annotations

SIGNATURE = "signature"  # no, bad, or doubtful mathematics; or not what the head signed
KEYHOLE = "keyhole"  # good mathematics by a key that does not fit this node, lane or time
SCOPE = "scope"  # a change where the key has no right, or a stream for somebody else
CEILING = "ceiling"  # more than the blueprint lets a spot be
EXPIRED = "expired"
CLOCK = "clock"
STALE_BASE = "stale-base"  # a fork: this plan does not build on what the node holds
EQUIVOCATION = "equivocation"  # two plans under one serial
LANE = "lane"  # another lane holds the spot
STORAGE = "storage"
LACKS = "lacks"  # nothing can be verified here: no gpgv, no user for it
VERSION = "version"
BLOB = "blob"  # a file that the plan names is missing or not what it says
FORMAT = "format"
REPLAY = "replay"  # older than what the node has seen

CODES = (
    SIGNATURE,
    KEYHOLE,
    SCOPE,
    CEILING,
    EXPIRED,
    CLOCK,
    STALE_BASE,
    EQUIVOCATION,
    LANE,
    STORAGE,
    LACKS,
    VERSION,
    BLOB,
    FORMAT,
    REPLAY,
)


class FormatError(ValueError):
    """Bytes that are not what their format asks for. The text says what was wanted and where."""

    code = FORMAT


class VersionError(FormatError):
    """A document of a version that this program does not speak."""

    code = VERSION


class Refused(Exception):
    """A stream that must change nothing. `code` is one of CODES, `reason` is for people."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code + ": " + reason)
        self.code = code
        self.reason = reason


class NeedFull(Exception):
    """A delta that does not fit what this node holds: the whole part has to be sent."""
