"""The difference that people see: symbols, actions, groups; and no secret in it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from enve.core.known import Known
from enve.core.preview import Before, Preview, ago, footer, group, title
from enve.model.report import Change, Difference

CASES = json.loads((Path(__file__).parents[2] / "cases/preview/lines.json").read_text())
KNOWN = Known(
    names={"p1": "shop-1.tgz", "p2": "shop-2.tgz"},
    bodies={"1": b"a\nb\n", "2": b"a\nc\nd\n"},
    secret_blobs=frozenset({"s"}),
)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def hashes(lines: dict[str, str]) -> dict[str, str]:
    return {name: digest(text) for name, text in lines.items()}


def difference(old: Any, new: Any, known: Known = KNOWN) -> tuple[Change, ...]:
    before = {} if old is None else {"web": json.dumps(old)}
    after = {} if new is None else {"web": json.dumps(new)}
    return Preview(known).changes(Before(hashes(before), before), after, hashes(after))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_a_changed_line_means(case: dict[str, Any]) -> None:
    rows = difference(case["old"], case["new"])
    wanted = [(case["symbol"], case.get("action", ""), case.get("detail", ""))]
    assert [(row.symbol, row.action, row.detail) for row in rows] == (
        wanted if case["symbol"] else []
    )


def test_the_sum_of_a_secret_file_is_not_shown() -> None:
    """Whoever reads over a shoulder could try passwords against it."""
    case = next(case for case in CASES if case["name"] == "a secret of a stage")
    known = Known(show_diff=True, bodies={"1": b"a\n"}, secret_blobs=frozenset({"s"}))
    [row] = difference(case["old"], case["new"], known)
    assert "secret: not shown" in row.diff
    assert "sha256" not in row.diff


def test_a_line_that_we_cannot_read_is_known_only_on_the_node() -> None:
    [row] = Preview(KNOWN).changes(Before({"web": "0"}), {"web": "{}"}, {"web": "1"})
    assert row.symbol == "?"


def test_a_want_set_by_hand_is_a_difference_for_listed_spots_only() -> None:
    lines = {"up": "{}", "down": '{"want":"down"}', "new": '{"v":1}'}
    held = {"up": digest("{}"), "down": digest('{"want":"down"}')}
    before = Before(held, {}, ("up", "down", "new", "gone"))
    rows = Preview(KNOWN).changes(before, lines, hashes(lines))
    assert [(row.symbol, row.name) for row in rows] == [("<", "down"), ("+", "new"), (">", "up")]


@pytest.mark.parametrize(
    ("new", "shown"),
    [
        ({"nice": 5}, ("-/+", "nice, its want was set by hand", True)),
        ({"want": "down"}, ("<", "", False)),  # the plan comes to want what the hand did
    ],
)
def test_a_want_set_by_hand_on_a_line_that_changes(new: Any, shown: Any) -> None:
    old, text = "{}", json.dumps(new)
    before = Before({"web": digest(old)}, {"web": old}, ("web",))
    [row] = Preview(KNOWN).changes(before, {"web": text}, {"web": digest(text)})
    assert (row.symbol, row.detail, row.by_hand) == shown


def test_a_diff_shows_lines_and_values() -> None:
    known = Known(KNOWN.names, KNOWN.bodies, show_diff=True)
    old = {"env": {"A": "1"}, "command": ["a"], "files": {"f": {"sha256": "1"}}}
    new = {"env": {"A": "2"}, "files": {"f": {"sha256": "2"}, "g": {"sha256": "1"}}}
    [row] = difference(old, new, known)
    assert row.diff.splitlines() == [
        *('-command: ["a"]', '-env.A: "1"', '+env.A: "2"'),
        *("--- f", "+++ f", "@@ -1,2 +1,3 @@", " a", "-b", "+c", "+d"),
        *("--- g", "+++ g", "@@ -0,0 +1,2 @@", "+a", "+b"),
    ]


# Signs that stand nowhere else in what is shown: a hit is a leak.
SECRET = st.text('\u00e4\u20ac"\\\n\t&<', min_size=1, max_size=8)


@given(SECRET, SECRET)
@example("<<", "<\n")
def test_no_secret_is_shown(old: str, new: str) -> None:
    known = Known(
        bodies={"1": f"x {old}\n".encode(), "2": f"x {new}\ny\n".encode()},
        secrets=frozenset({old, new}),
        show_diff=True,
    )
    before = {"env": {"PASSWORD": old}, "command": ["a", old], "files": {"f": {"sha256": "1"}}}
    after = {"env": {"PASSWORD": new}, "command": [new], "files": {"f": {"sha256": "2"}}}
    [row] = difference(before, after, known)
    assert row.diff.count("***") >= 3
    for sign in set("\u00e4\u20ac&<\\\t"):
        assert sign not in f"{row.detail}{row.diff}"


def test_equal_nodes_are_shown_once_in_the_inventorys_order() -> None:
    row = (Change("+", "web", "start"),)
    by_node = {"n1": row, "n2": (), "n3": row, "n4": ()}
    found = group(["n3", "n2", "n1", "n4"], by_node, {"n1": "t", "n3": "t", "n2": "u"})
    assert found == [Difference(("n3", "n1"), row, "t"), Difference(("n2", "n4"), ())]
    assert footer(found) == "Plan: 2 + on 2 nodes (1 group alike); 2 nodes unchanged"
    assert footer(found[1:]) == "Plan: nothing to change on 2 nodes"
    assert footer(found[:1]) == "Plan: 2 + on 2 nodes (1 group alike)"


@pytest.mark.parametrize(
    ("held", "text"),
    [
        (None, "shop #13 (held: nothing)"),
        (("shop", 12, "alice", 0), "shop #13 (held: #12 by alice, 2 h ago)"),
        (("db", 12, "", 7200), "shop #13 (held: db #12, just now)"),
    ],
)
def test_the_title_tells_what_is_held(held: Any, text: str) -> None:
    assert title("shop", 13, held, 7200) == text


def test_ages_are_rounded_down() -> None:
    assert [ago(s) for s in (-5, 59, 60, 3599, 86_399, 172_800)] == [
        *("just now", "just now", "1 min ago", "59 min ago", "23 h ago", "2 d ago")
    ]
