"""What jobs wait for, and which events the client's verbs become."""

from __future__ import annotations

import pytest
from tests.support.pmscript import Script

from enve_pm.core import judge, verb
from enve_pm.core.effects import Reload, Restart, Want
from enve_pm.core.goal import Goal

# script, verb, units, what comes out after it
WEB = "unit web; do start web; "
UP = WEB + "up web; "
CHECKED = "unit a kind=resource check=c; do start a; exit a 0; do recheck a; "
OUTCOMES = [
    (WEB, "start", "web", None),
    (UP, "start", "web", (0, "")),
    (WEB + "unborn web exec:ENOENT", "start", "web", (3, "STARTING_FAIL exec:ENOENT")),
    (UP + "do stop web", "start", "web", (3, "not wanted up (manual by me)")),
    ("unit web needs=db; do start web", "start", "web", (3, "web: STOPPED missing:db")),
    ("unit web restart=never; do start web; up web; exit web 0", "start", "web", (0, "")),
    (UP + "do restart web", "restart", "web", None),
    (UP + "do restart web; exit web 0; up web", "restart", "web", (0, "")),
    (UP + "do stop web", "stop", "web", None),
    (UP + "do stop web; exit web 0", "stop", "web", (0, "")),
    (WEB, "stop", "web", (3, "wanted up")),
    ("unit web", "stop", "web nobody", (0, "")),
    ("unit web", "start", "nobody", (3, "nobody: gone")),
    ("unit web", "try-restart", "web", (0, "")),
    ("unit web", "reset-failed", "web", (0, "")),
    ("unit web", "set-property", "web", (0, "")),
    ("unit web", "reload", "web", (3, "web: STOPPED")),
    ("unit web", "apply", "web nobody", (0, "")),
    (WEB + "unit db", "apply", "web db", None),
    (UP + "unit db", "apply", "web db", (0, "")),
    (CHECKED, "recheck", "a", None),
    (CHECKED + "side a 0", "recheck", "a", (0, "")),
    (CHECKED + "side a 1", "recheck", "a", (3, "drift")),
    (
        "unit web stop_timeout=1; do start web; up web; do stop web; after 1; after 5000",
        "stop",
        "web",
        (3, "FAIL unkillable"),
    ),
]
RELOADING = 'unit web reload={"signal":"HUP"}\ndo start web\nup web\ndo reload web'


@pytest.mark.parametrize(("text", "word", "units", "wanted"), OUTCOMES)
def test_outcomes(text: str, word: str, units: str, wanted: tuple[int, str] | None) -> None:
    script = Script()
    script.run(text.replace("; ", "\n"))
    found = Goal(word, units.split()).outcome(script.machine)
    if wanted is None:
        assert found is None
    else:
        assert found is not None and found[0] == wanted[0] and wanted[1] in found[1], found


def test_a_reload_is_waited_for() -> None:
    script = Script()
    goal = Goal("reload", ["web"])
    script.run(RELOADING)
    assert goal.outcome(script.machine) is None
    script.run("side web 1")
    assert goal.outcome(script.machine) == (3, "web: RUNNING reload: exit:1")
    script.run("do reload web\nside web 0")
    assert Goal("reload", ["web"]).outcome(script.machine) == (0, "")


def test_all_units_are_waited_for_and_the_bad_ones_named() -> None:
    script = Script()
    goal = Goal("start", ["a", "b"])
    script.run("unit a\nunit b\ndo start a; start b\nunborn a exec:ENOENT")
    assert goal.outcome(script.machine) is None
    script.run("after 100\nup b")
    assert goal.outcome(script.machine) == (3, "a: STARTING_FAIL exec:ENOENT run")
    script = Script()
    goal = Goal("start", ["a", "b"])
    script.run("unit a\nunit b\ndo start a; start b\nunborn a exec:ENOENT")
    assert goal.outcome(script.machine) is None
    script.run("after 100\nup a b")
    assert goal.outcome(script.machine) == (0, "")


def test_verbs() -> None:
    script = Script()
    script.run('unit web\nunit app reload={"signal":"HUP"}\ndo start app\nup app')
    machine = script.machine

    def events(word: str, *units: str) -> list[object]:
        return verb.events(machine, word, units, "bob")

    by = "manual by bob"
    assert events("start", "web", "app") == [Want("web", "up", by), Want("app", "up", by)]
    assert events("stop", "web") == [Want("web", "down", by)]
    assert events("try-restart", "web", "app") == [Restart("app", by)]
    assert events("reload-or-restart", "web", "app") == [Restart("web", by), Reload("app")]
    assert events("try-reload-or-restart", "web", "app") == [Reload("app")]
    for word in verb.VERBS:
        refusals = machine.judge(events(word, "nobody"))
        assert [judge.RETCODES[r.code] for r in refusals] == [64], word
    with pytest.raises(KeyError):
        events("jump", "web")


LEFT = """unit a kind=resource check=c make=m undo=u\ndo start a\nexit a 0
do %s a\nexit a 1\nis a FAIL"""


@pytest.mark.parametrize("word", ["stop", "remove"])
def test_a_stop_undoes_once_more_what_could_not_be_undone(word: str) -> None:
    script = Script()
    script.run(LEFT % word)
    machine = script.machine
    assert Goal("stop", ["a"]).outcome(machine) == (3, "a: FAIL exit:1 undo")
    events = verb.events(machine, "stop", ["a"], "me")
    assert machine.judge(events) == []
    script._turn(*events)
    assert (machine.units["a"].state, machine.units["a"].step) == ("STOPPING", "undo")
    assert Goal("stop", ["a"]).outcome(machine) is None
    assert machine.judge(verb.events(machine, "stop", ["a"], "me")) == []
    script.run("exit a 0")
    assert Goal("stop", ["a"]).outcome(machine) == (0, "")


def test_one_that_leaves_is_named_as_such() -> None:
    script = Script()
    script.run(LEFT % "remove")
    [refusal] = script.machine.judge(verb.events(script.machine, "start", ["a"], "me"))
    assert (refusal.code, refusal.reason) == ("unknown", "a leaves: no plan has it any more")


def test_dependents_come_in_the_order_of_their_stop() -> None:
    script = Script()
    script.run(
        "unit db\nunit app needs=db\nunit web needs=app,db\nunit idle needs=db\ndo start web"
    )
    assert script.machine.dependents("db") == ["web", "app"]
    names = ["db", *script.machine.dependents("db")]
    assert script.machine.judge(verb.events(script.machine, "stop", names, "x")) == []
