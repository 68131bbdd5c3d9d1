"""What is collected: pure laws of the choice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from enve_fire.store.collection import DAY, Collection, Thing

NOW = 100 * DAY
NAMES = [chr(ord("a") + at) * 32 + "-x" for at in range(8)]


def thing(name: str, size: int = 10, age: float = 10 * DAY, deps: tuple[str, ...] = ()) -> Thing:
    return Thing(name, name, size, NOW - age, deps)


def names(found: list[Thing]) -> list[str]:
    return [one.name for one in found]


def test_the_least_recent_go_until_there_is_room() -> None:
    things = [thing("new", age=2 * DAY), thing("old", age=9 * DAY), thing("older", age=19 * DAY)]
    assert names(Collection(things, []).doomed(NOW, most=30)) == []
    assert names(Collection(things, []).doomed(NOW, most=29)) == ["older"]
    assert names(Collection(things, []).doomed(NOW, most=10)) == ["older", "old"]
    assert names(Collection(things, []).doomed(NOW, older=9 * DAY)) == ["older", "old"]
    assert names(Collection(things, []).doomed(NOW)) == []


def test_what_is_of_use_today_stays_and_so_does_what_it_needs() -> None:
    things = [thing("a", age=DAY - 1, deps=("b",)), thing("b", age=50 * DAY), thing("c")]
    assert names(Collection(things, []).doomed(NOW, most=0)) == ["c"]


def test_a_root_keeps_all_that_it_needs() -> None:
    things = [thing("a", deps=("b",)), thing("b", deps=("c", "gone")), thing("c"), thing("d")]
    found = Collection(things, [("web", "a"), ("db", "c")])
    assert names(found.doomed(NOW, most=0, older=0)) == ["d"]
    assert found.why("c") == [["web", "a", "b", "c"], ["db", "c"]]
    assert found.why("d") == []
    assert found.shares() == [("web", 30, 20), ("db", 10, 0)]


def test_entries_that_need_each_other_end() -> None:
    things = [thing("a", deps=("b",)), thing("b", deps=("a",))]
    assert set(names(Collection(things, []).doomed(NOW, most=0))) == {"a", "b"}
    assert Collection(things, [("r", "a")]).doomed(NOW, most=0) == []


@st.composite
def stores(draw: st.DrawFn) -> tuple[list[Thing], list[tuple[str, str]], int]:
    things = []
    for at, name in enumerate(NAMES[: draw(st.integers(0, 8))]):
        deps = draw(st.lists(st.sampled_from(NAMES[at + 1 :] or ["gone"]), max_size=3))
        size, age = draw(st.integers(0, 50)), draw(st.integers(0, 40)) * DAY / 4
        things.append(thing(name, size, age, tuple(deps)))
    roots = draw(st.lists(st.tuples(st.text(max_size=3), st.sampled_from(NAMES)), max_size=3))
    return things, roots, draw(st.integers(0, 200))


@given(stores())
def test_nothing_that_is_needed_goes_and_no_more_than_must(
    drawn: tuple[list[Thing], list[tuple[str, str]], int],
) -> None:
    things, roots, most = drawn
    found = Collection(things, roots)
    gone = found.doomed(NOW, most=most)
    left = [one for one in things if one not in gone]
    for one in left:
        assert not set(one.deps) & {other.name for other in gone}, "what stays has what it needs"
    for one in gone:
        assert one.used <= NOW - DAY and one.name not in {entry for _, entry in roots}
    total = sum(one.bytes for one in things)
    for one in gone:
        assert total > most, "there was no room yet"
        total -= one.bytes
    if total > most:
        assert all(found.used[one.name] > NOW - DAY or one.name in found.kept for one in left)
