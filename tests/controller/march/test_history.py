"""What was signed here is never forgotten while a node may hold it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.controller.march.desk import blob, file, line, plan

from enve.app.history import KEEP, Entry, History
from enve.app.memory import Memory
from enve.app.signedfile import Content
from enve.core import parts
from enve.core.parts import Place
from enve.errors import MissingError
from enve.model.march import SignedPlan
from enve.model.plan import RenderedPlan


def signed(serial: int, what: RenderedPlan) -> SignedPlan:
    built = parts.build(what, (), {}, lambda: "0" * 32)
    raw = parts.head(what, Place(serial, ()), parts.tree(built), 1_000)
    return parts.signed(raw, (b"sig",), built, ("F" * 40, "alice"))


def kept(folder: Path, serial: int = 1, *blobs: str, **more: object) -> tuple[History, Entry]:
    bodies = [blob(text.encode()) for text in blobs]
    lines = [line("web", nice=serial, files={one.sha256[:4]: file(one) for one in bodies})]
    what = plan({"n1": lines}, *bodies)
    history, made = History(folder), signed(serial, what)
    entry = Entry(made.signed, Path(), **more)  # type: ignore[arg-type]
    return history, history.begin(Content(made, what.blobs, {"a" * 64: "old.tgz"}), entry)


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    secrets, blobs = frozenset({"pw"}), frozenset({"b" * 64})
    history, entry = kept(
        tmp_path, sent=frozenset({"n1"}), secrets=secrets, secret_blobs=blobs, released=True
    )
    assert history.entries() == [entry]
    done = history.finish(entry, {"n1": "applied"})
    assert history.entries() == [done]
    assert done.fates == {"n1": "applied"}
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_plan_out_of_a_file_that_is_marched_again_stays_what_it_was(tmp_path: Path) -> None:
    kept(tmp_path, released=True, origins={"*.web": "plan.yml:3:1"})
    both = frozenset({"n1", "n2"})
    history, entry = kept(tmp_path, sent=both)
    history.finish(entry, {"n1": "rejected", "n2": "applied"})
    kept(tmp_path, sent=frozenset({"n1"}))
    [found] = history.entries()
    assert (found.released, found.sent, found.fates) == (True, both, {"n2": "applied"})
    assert found.origins == {"*.web": "plan.yml:3:1"}
    assert found.may_reach("n1")


@pytest.mark.parametrize(
    ("entry", "held"),
    [
        ({}, False),
        ({"released": True}, True),
        ({"sent": frozenset({"n1"})}, True),
        ({"sent": frozenset({"n1"}), "fates": {"n1": "applied"}}, True),
        ({"sent": frozenset({"n1"}), "fates": {"n1": "unknown"}}, True),
        ({"sent": frozenset({"n1"}), "fates": {"n1": "need-full"}}, True),
        ({"sent": frozenset({"n1"}), "fates": {"n1": "rejected"}}, False),
        ({"sent": frozenset({"n1", "n2"}), "fates": {"n1": "rejected"}}, True),
    ],
)
def test_a_head_may_be_held_until_all_are_known_to_refuse_it(
    tmp_path: Path, entry: dict[str, object], held: bool
) -> None:
    _, made = kept(tmp_path, **entry)  # type: ignore[arg-type]
    assert made.may_be_held is held


def test_somebody_elses_head_is_kept_once(tmp_path: Path) -> None:
    history, head = History(tmp_path / "new"), signed(4, plan({"n1": [line("web")]})).signed
    history.see(head)
    history.see(head)
    [entry] = history.entries()
    assert (entry.signed, entry.seen, entry.may_be_held) == (head, True, True)


def test_damaged_files_are_passed_over(tmp_path: Path) -> None:
    history, entry = kept(tmp_path)
    kept(tmp_path, 2)
    (tmp_path / "00000009-0000000000000000.plan").write_bytes(b"enve-plan 1\nhead 3\nab")
    (tmp_path / "00000009-0000000000000000.json").write_text("{}")
    entry.path.with_suffix(".json").write_text("[" * 99_999)
    assert [one.signed.serial for one in history.entries()] == [2]


def test_the_oldest_go(tmp_path: Path) -> None:
    for serial in range(1, KEEP + 4):
        history, entry = kept(tmp_path, serial)
        history.finish(entry, {})
    assert [one.signed.serial for one in history.entries()] == [*range(KEEP + 3, 3, -1)]
    assert len([*tmp_path.iterdir()]) == 2 * KEEP


def test_those_of_others_push_none_of_ours_out(tmp_path: Path) -> None:
    history, ours = kept(tmp_path, 1)
    for serial in range(100, 100 + KEEP + 3):
        history.see(signed(serial, plan({"n1": [line("web")]})).signed)
    history.finish(ours, {})
    serials = [one.signed.serial for one in history.entries()]
    assert serials == [*range(100 + KEEP + 2, 102, -1), 1]


def test_a_folder_that_cannot_be_made_stops_the_march(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MissingError):
        kept(tmp_path / "file" / "main")


def test_memory_finds_lines_bodies_and_parts(tmp_path: Path) -> None:
    history, _ = kept(tmp_path, 1, "old\n")
    kept(tmp_path, 2, "new\n")
    memory = Memory(history.entries(), tmp_path)
    newest = memory.part("n1")
    assert newest is not None
    assert json.loads(newest.lines["web"])["nice"] == 2
    old = signed(1, plan({"n1": [line("web", nice=1, files=_files("old\n"))]})).parts["n1"]
    assert memory.line(old.hashes["web"]) == old.lines["web"]
    assert memory.bodies[blob(b"old\n").sha256] == b"old\n"
    assert memory.names == {"a" * 64: "old.tgz"}
    assert memory.line("0" * 64) is None
    assert memory.part("n9") is None
    assert memory.nodes() == {"n1"}


def _files(text: str) -> dict[str, object]:
    one = blob(text.encode())
    return {one.sha256[:4]: file(one)}


def test_memory_passes_over_what_cannot_be_read(tmp_path: Path) -> None:
    history, entry = kept(tmp_path)
    [known] = history.entries()
    entry.path.write_bytes(entry.path.read_bytes()[:-20])
    memory = Memory([replace(known)], tmp_path)
    assert memory.part("n1") is None
