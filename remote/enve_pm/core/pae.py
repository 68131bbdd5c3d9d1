"""Pre-authentication encoding: the bytes under a signature say of what kind and how long they are.

A signature over one kind of document can so never pass for another kind.
"""

from __future__ import annotations

PLAN = "plan"  # a head: what march keys sign
PART = "part"  # one node's share, as the tree of a head hashes it
# Kept for later documents; a key is good only for its types and role.
RESERVED = ("root", "warrant", "blueprint", "beat", "revoke", "receipt", "command")


def pae(kind: str, body: bytes) -> bytes:
    """`enve1 KIND LENGTH` LF, then the body."""
    return b"enve1 %s %d\n%s" % (kind.encode("ascii"), len(body), body)
