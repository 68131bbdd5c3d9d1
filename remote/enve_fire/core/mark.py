"""Marks: what says that a stage was done, and with what result.

    enve-mark 1 HASH
    {"cfgpath":...,"files":[[path,sha256,mode],...],"made":SECONDS,...}

Line 1 is all that a no-op reads. Line 2 (canonical JSON) is for verify and setup. A mark is
removed before a change and written after it: a crash leaves none, so the stage is done again.
"""

from __future__ import annotations

from enve_fire.core.digest import is_hash
from enve_pm.core.canonical import dumps, loads
from enve_pm.core.refusal import FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

HEAD = "enve-mark 1 "
HEAD_LENGTH = 64  # bytes, more than line 1 has
FOLDER = ".enve"  # below a root
INSTALL = FOLDER + "/install"  # of a place that holds one product
INSTALLS = FOLDER + "/installs"  # of each product, where several share a root
DEPS = FOLDER + "/deps"  # no mark: the entries that it runs with, one a line
ENV = FOLDER + "/env"  # no mark: for `sh`, where these are, for a unit that runs with them
ROOT = FOLDER + "/root"
SETUPS = FOLDER + "/setup"
LONGEST = 1 << 28  # bytes


def env(product: str, shared: bool) -> str:
    """Where ENV of a product is, below its root."""
    return "%s/%s.env" % (INSTALLS, product) if shared else ENV


def text(hash_: str, body: Mapping[str, Any]) -> bytes:
    return HEAD.encode() + hash_.encode() + b"\n" + dumps(body) + b"\n"


def head(data: bytes) -> str:
    """The hash in the first bytes of a mark; "" if they are none."""
    line, newline, _ = data.partition(b"\n")
    hash_ = line[len(HEAD) :].decode("ascii", "replace")
    return hash_ if newline and line.startswith(HEAD.encode()) and is_hash(hash_) else ""


def body(data: bytes) -> dict[str, Any]:
    """What line 2 says. Raises FormatError."""
    line = data.partition(b"\n")[2]
    found = loads(line)
    if not head(data) or not isinstance(found, dict):
        raise FormatError("not a mark")
    return found
