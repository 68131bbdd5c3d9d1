"""From a state to its cause, and the story as text."""

from __future__ import annotations

from typing import Any

import pytest

from enve_pm.core import address, cause, story

NOW = 10**12
NEEDS = {"web": ["db", "disk"], "tenants.shop": ["tenants.db"], "a": ["b"], "b": ["a"]}
NEEDS["up"] = ["db", "[x!install@up]", "[x!setup@up]"]


def unit(text: str) -> dict[str, Any]:
    state, _, result = text.partition(" ")
    want = "down" if state == "STOPPED" and not result else "up"
    return {"state": state, "want": want, "result": result or "ok", "since": NOW - 5000}


def chain(path: str, **shown: str) -> str:
    units = {address.parse(name.replace("__", ".")): unit(text) for name, text in shown.items()}

    def needs(of: tuple[str, ...]) -> list[str]:
        return [address.parse(one)[-1] for one in NEEDS.get(address.format(of), [])]

    links = cause.chain(units, address.parse(path), needs)
    return " ".join(f"{one.relation or 'of'}:{address.format(one.path)}" for one in links)


@pytest.mark.parametrize(
    ("path", "shown", "told"),
    [
        ("web", {"web": "RUNNING"}, "of:web"),
        ("web", {"web": "FAIL exit:1", "db": "FAIL exit:1"}, "of:web"),
        ("web", {"web": "SCHE_START dependency:db", "db": "FAIL exit:1"}, "of:web needs:db"),
        ("web", {"web": "STOPPED missing:gone"}, "of:web needs:gone"),
        (
            "web",
            {"web": "SCHE_START", "db": "RUNNING", "disk": "STARTING"},
            "of:web waits for:disk",
        ),
        ("web", {"web": "STOPPED", "db": "FAIL exit:1"}, "of:web"),
        (
            "tenants.shop",
            {"tenants": "FAIL signal:9", "tenants__shop": "RUNNING"},
            "of:tenants.shop in:tenants",
        ),
        (
            "tenants.shop",
            {
                "tenants": "RUNNING",
                "tenants__shop": "STOPPED dependency:db",
                "tenants__db": "FAIL x",
            },
            "of:tenants.shop needs:tenants.db",
        ),
        ("a", {"a": "SCHE_START", "b": "SCHE_START"}, "of:a waits for:b"),
        ("up", {"up": "RUNNING", "db": "FAIL x", "[x!setup@up]": "RUNNING"}, "of:up"),
        ("up", {"up": "RUNNING", "[x!setup@up]": "FAIL x"}, "of:up needs:[x!setup@up]"),
    ],
)
def test_chain(path: str, shown: dict[str, str], told: str) -> None:
    assert chain(path, **shown) == told


def test_a_story_fits_a_screen() -> None:
    told = {
        "v": 1,
        "alive": True,
        "chain": [
            {"unit": "web", "relation": "", **unit("SCHE_START dependency:db")},
            {
                "unit": "db",
                "relation": "needs",
                "restarts": 3,
                "why": "plan",
                **unit("FAIL exit:1"),
            },
        ],
        "job": {
            **{"job": "1", "step": "start", "command": ["postgres", "-D", "data"], "message": ""},
            **{"wall": NOW - 9200, "ended": NOW - 9000, "code": 1},
        },
        "log": ["FATAL: no data", "bye"],
        "plan": "shop #13 in lane main",
        "where": "plan.yml:14:3",
        "signer": "alice 9F2C..41AB",
    }
    assert story.lines(told, NOW, "enve") == [
        "web  SCHE_START  for 5 s  dependency:db",
        "  needs db  FAIL  for 5 s  exit:1 (3 restarts)",
        "  want    up, by plan",
        "  ran     postgres -D data: ended with 1 after 0.2 s, 9 s ago",
        "  log     FATAL: no data",
        "          bye",
        "  plan    shop #13 in lane main",
        "  where   plan.yml:14:3",
        "  signer  alice 9F2C..41AB",
        "  next    mend it and march, or try again now: enve restart db",
    ]


def test_a_program_that_is_missing_leads_to_its_install() -> None:
    link = {"unit": "web1.app", "relation": "", **unit("STARTING_FAIL exec:ENOENT")}
    made = "web1.[app-1!install@app]"
    advice = story.lines({"chain": [link], "made": made}, NOW, "enve")[-1]
    assert "enve shell web1 -- pm stages verify --forget" in advice
    assert f"enve recheck '{made}'" in advice
    assert story.lines({"chain": [link]}, NOW, "enve")[-1].endswith("enve restart web1.app")


def test_how_long_it_ran_is_by_no_clock_that_was_set_where_that_is_known() -> None:
    job = {"step": "", "command": ["x"], "message": "", "wall": NOW + 90_000, "ended": NOW - 9000}
    told = {"chain": [{"unit": "web", "relation": "", **unit("RUNNING")}]}
    for more, said in (
        ({"code": 0, "lasted": 3000}, "x: ended with 0 after 3 s, 9 s ago"),
        ({"code": 0, "lasted": 0}, "x: ended with 0 after 0.0 s, 9 s ago"),  # of a pm before
        ({"code": None, "lasted": 7000}, "x: since 7 s"),
    ):
        assert story.lines({**told, "job": {**job, **more}}, NOW)[2] == f"  ran     {said}"


def test_what_is_missing_and_what_a_hand_stopped() -> None:
    gone = {"unit": "gone", "relation": "needs", "state": ""}
    told = {"v": 1, "alive": False, "chain": [gone], "job": None, "log": []}
    assert story.lines(told, NOW)[0] == "needs gone  (missing)"
    assert "not running" in story.lines(told, NOW)[1]
    stopped = {"unit": "a", "relation": "", **unit("STOPPED"), "why": "manual by bob"}
    assert "by hand" in story.lines({**told, "alive": True, "chain": [stopped]}, NOW)[-1]


def test_what_is_still_to_be_undone_has_a_way_out() -> None:
    failed = {"unit": "a", "relation": "", **unit("FAIL exec:ENOENT"), "detail": "undo: why"}
    told = {"v": 1, "alive": True, "chain": [failed], "job": None, "log": []}
    assert "take it out of the plan, reset-failed" in story.lines(told, NOW)[-1]
