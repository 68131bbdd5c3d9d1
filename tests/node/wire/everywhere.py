"""What must hold under every Python of a node: run by `test_wire_pythons` with `-I -S`."""

from __future__ import annotations

import importlib
import io
import os
import sys
import tarfile
import tempfile
from pathlib import Path

REMOTE = sys.argv[1]
sys.path.insert(0, REMOTE)

from enve_pm.core import delta, part, policy, quick  # noqa: E402
from enve_pm.shell.product.unpack import Unfit, prepare, unpack  # noqa: E402
from enve_pm.shell.state.folder import Folder  # noqa: E402
from enve_pm.wire import canonical, command, frame, merkle, record  # noqa: E402
from enve_pm.wire import head as heads  # noqa: E402


def modules() -> list[str]:
    found = []
    for folder in ("core", "wire"):
        for path in sorted((Path(REMOTE) / "enve_pm" / folder).glob("[a-z]*.py")):
            found.append(f"enve_pm.{folder}.{path.stem}")
    return found


def formats() -> None:
    value = {"b": [1, -2, True, None], "a": "\u00e9\U0001f600\n\x01", "\u20ac": {}}
    data = canonical.dumps(value)
    assert canonical.loads(data, canonical=True) == quick.loads(data, canonical=True) == value
    line = b'{"a":[1,true,null,"\\n"],"b":{}}'
    assert quick.loads(line, canonical=True) == canonical.loads(line)
    assert command.parse(command.encode("j", "start", ["a b%"])).args == ("a b%",)
    stream = os.urandom(5000)
    (whole,) = frame.Assembler().feed(b"EV" + frame.encode(stream, b"nonce--1"), 0)
    assert whole.data == stream


def judged() -> None:
    keyhole = {"fpr": "A" * 40, "name": "alice", "may": ["march"], "scope": ["**"]}
    blueprint = {"v": 1, "domain": "d", "node": "n", "epoch": 1, "keyholes": [keyhole]}
    data = canonical.dumps(dict(blueprint, spots={"web": {}}))
    node = policy.Node(record.parse_blueprint(data, False), {}, {}, "/home")
    line = canonical.dumps({"v": 1, "name": "web", "command": ["x"]}).decode()
    mine = part.Part(part.header("n", "main", "00" * 16), {"web": line})
    tree = merkle.Tree([mine.leaf()])
    head = heads.Head("d", 1, "main", "p", 1, (), 5, 9, 1, tree.root.hex(), 0, "")
    raw = heads.encode(head)
    body = delta.make({}, mine).encode()
    offer = policy.Offer(
        heads.parse(raw), heads.name(raw), "delta", body, lambda leaf: leaf == tree.root, ["A" * 40]
    )
    verdict = policy.judge(node, offer, policy.Clock(6, 0, 0))
    assert verdict.kind == "accepted", verdict


def unpacked() -> None:
    prepare()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        info = tarfile.TarInfo("a/b")
        info.size = 3
        tar.addfile(info, io.BytesIO(b"abc"))
    with tempfile.TemporaryDirectory() as path, Folder.open(path) as folder:
        unpack(io.BytesIO(out.getvalue()), folder)
        assert (Path(path) / "a" / "b").read_bytes() == b"abc"
        try:
            unpack(io.BytesIO(out.getvalue()), folder)
        except Unfit:
            return
    raise AssertionError("it was unpacked twice")


if __name__ == "__main__":
    formats()
    judged()
    unpacked()
    for module in modules():
        importlib.import_module(module)
    print("good")
