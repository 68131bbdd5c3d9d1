"""Signed streams for tests: a domain of nodes, its operators' keys, and whatever can be wrong."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from enve_pm.core.delta import make
from enve_pm.core.part import Part, header
from enve_pm.wire import canonical, frame, merkle
from enve_pm.wire import head as heads
from enve_pm.wire import stream as streams

SALT = "5a" * 16
NOW = 1_800_000_000  # unix seconds
DAY = 86_400

Sign = Callable[[bytes], bytes]


def line(name: str, /, **keys: object) -> str:
    """A line of a process unit."""
    value = {"v": 1, "name": name, **keys}
    if "kind" not in keys:
        value.setdefault("command", ["sleep", "1000"])
    return canonical.dumps(value).decode()


def part(
    lines: Mapping[str, str], node: str = "web1", lane: str = "main", salt: str = SALT
) -> Part:
    return Part(header(node, lane, salt), lines)


@dataclass(frozen=True)
class Plan:
    """A plan for some nodes; `stream` gives what one of them gets."""

    parts: Mapping[str, Part]
    serial: int = 1
    bases: Sequence[tuple[int, str]] = ()
    domain: str = "shop.example"
    epoch: int = 1
    lane: str = "main"
    name: str = "shop"
    issued: int = NOW
    expires: int = NOW + 30 * DAY
    force_base: str = ""
    blobs: Sequence[bytes] = ()
    cache: dict[str, bytes] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, lines: Mapping[str, str], **keys: object) -> Plan:
        """For the node web1, with a neighbour beside it."""
        lane = str(keys.get("lane", "main"))
        other = part({"web": line("web")}, "web2", lane)
        return cls({"web1": part(lines, "web1", lane), "web2": other}, **keys)  # type: ignore[arg-type]

    def after(self, lines: Mapping[str, str], **keys: object) -> Plan:
        """The next plan of this history."""
        plan = replace(self, serial=self.serial + 1, bases=self.chain, blobs=(), cache={})
        plan = replace(plan, parts={**self.parts, "web1": part(lines, "web1", self.lane)})
        return replace(plan, **keys)  # type: ignore[arg-type]

    @property
    def chain(self) -> Sequence[tuple[int, str]]:
        return heads.chain(self.serial, self.hash, self.bases)

    @property
    def tree(self) -> merkle.Tree:
        return merkle.Tree([self.parts[node].leaf() for node in sorted(self.parts)])

    @property
    def head(self) -> bytes:
        if "head" not in self.cache:
            self.cache["head"] = heads.encode(self.document)
        return self.cache["head"]

    @property
    def document(self) -> heads.Head:
        return heads.Head(
            self.domain,
            self.epoch,
            self.lane,
            self.name,
            self.serial,
            tuple(self.bases),
            self.issued,
            self.expires,
            len(self.parts),
            self.tree.root.hex(),
            0,
            self.force_base,
        )

    @property
    def hash(self) -> str:
        return heads.name(self.head)

    def proof(self, node: str = "web1") -> heads.Proof:
        index = sorted(self.parts).index(node)
        return heads.Proof(index, tuple(self.tree.proof(index)))

    def stream(
        self, *signs: Sign, node: str = "web1", held: Mapping[str, str] | None = None
    ) -> bytes:
        """held: hashes of the lines that the node has (then a delta or same is sent)."""
        kind, body = "part", self.parts[node].encode()
        if held is not None:
            delta = make(held, self.parts[node])
            kind, body = delta.kind, delta.encode()
        sigs = tuple(sign(heads.signed(self.head)) for sign in signs)
        proof = heads.encode_proof(self.proof(node))
        return streams.encode(streams.Stream(self.head, sigs, kind, body, proof, tuple(self.blobs)))


def blueprint(keyholes: Sequence[Mapping[str, object]], **keys: object) -> dict[str, object]:
    """The blueprint of web1: spots web, db, job; a pm `tenants` with shop and blog."""
    return {
        "v": 1,
        "domain": "shop.example",
        "node": "web1",
        "epoch": 1,
        "keyholes": [dict(keyhole) for keyhole in keyholes],
        "threshold": 1,
        "spots": {"web": {}, "db": {}, "job": {"kinds": ["process", "resource"]}},
        "pms": {"tenants": {"mode": "user", "spots": {"shop": {}, "blog": {}}}},
        **keys,
    }


def keyhole(fingerprint: str, name: str = "alice", **keys: object) -> dict[str, object]:
    return {"fpr": fingerprint, "name": name, "may": ["march"], "scope": ["**"], **keys}


def frames(stream: bytes, nonce: bytes = b"") -> bytes:
    return frame.encode(stream, nonce or os.urandom(8))


def plan_file(plan: Plan, signs: Sequence[Sign], blobs: Sequence[bytes]) -> bytes:
    """The whole plan in one file, as `enve-march --out` writes it."""
    sections = [(b"head", plan.head)]
    sections += [(b"sig", sign(heads.signed(plan.head))) for sign in signs]
    sections += [(b"part", plan.parts[node].encode()) for node in sorted(plan.parts)]
    sections += [(b"names", b"{}"), *((b"blob", blob) for blob in blobs), (b"end", b"")]
    return b"enve-plan 1\n" + b"".join(b"%s %d\n%s\n" % (n, len(d), d) for n, d in sections)
