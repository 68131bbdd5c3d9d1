"""What a preview says of spots whose stages are made anew, and of those that run by older lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from tests.controller.march.test_preview import hashes
from tests.controller.march.test_standing import shown

from enve.core import atwork, stagefollow
from enve.core.known import Known
from enve.core.preview import Before, Preview
from enve.model.report import Change

SETUP, INSTALL = "[lua-1!setup@web]", "[lua-1!install@web]"
Lines = dict[str, dict[str, Any]]


def chain(**more: Any) -> Lines:
    def stage(do: str) -> dict[str, Any]:
        table = {"title": "lua", "setup": {"run": ["old"]}, "install": {"mode": "copy"}}
        return {"kind": "stage", "stage": {"do": do, "url": "git+u", "source": "s", "table": table}}

    web = {"command": ["x"], "needs": [INSTALL[1:-1], SETUP[1:-1]], "reload": {"signal": "HUP"}}
    answers = {"on_restart": {SETUP[1:-1]: "reload"}}
    return {"web": {**web, **answers, **more}, SETUP: stage("setup"), INSTALL: stage("install")}


def table(lines: Lines, name: str, section: str) -> None:
    lines[name]["stage"]["table"][section] = {"run": ["new"]}


def rows(old: Lines, new: Lines) -> Mapping[str, tuple[str, str, str]]:
    before = {name: json.dumps(line) for name, line in old.items()}
    after = {name: json.dumps(line) for name, line in new.items()}
    found = Preview(Known()).changes(Before(hashes(before), before), after, hashes(after))
    return {row.name: (row.symbol, row.action, row.detail) for row in found}


def test_a_setup_reloads_the_spot() -> None:
    new = chain()
    table(new, SETUP, "setup")
    assert rows(chain(), new) == {
        SETUP: ("~", "setup", "setup.run"),
        "web": ("~", "reload", "after its setup"),
    }


def test_an_install_restarts_it_once_for_both() -> None:
    new = chain()
    table(new, SETUP, "setup")
    table(new, INSTALL, "install")
    assert rows(chain(), new)["web"] == ("-/+", "restart", "after its install")


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ({"on_restart": {}, "reload": {}}, ("-/+", "restart", "after its setup")),
        ({"on_restart": {SETUP[1:-1]: "ignore"}}, None),
        ({"want": "down"}, None),
    ],
)
def test_what_the_spot_answers(keys: Any, wanted: Any) -> None:
    new = chain(**keys)
    table(new, SETUP, "setup")
    assert rows(chain(**keys), new).get("web") == wanted


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ({"restart_max": 3}, ("~", "reload", "restart_max, after its setup")),
        ({"nice": 3}, ("-/+", "restart", "nice")),
        ({"want": "down"}, ("<", "stop", "")),
    ],
)
def test_the_strongest_counts(keys: Any, wanted: Any) -> None:
    new = chain(**keys)
    table(new, SETUP, "setup")
    assert rows(chain(), new)["web"] == wanted


def test_another_variant_of_its_setup_reloads_it() -> None:
    new = chain()
    other = "[lua-1!setup@etc@web]"
    new[other] = new.pop(SETUP)
    new["web"]["needs"][1] = other[1:-1]
    new["web"]["on_restart"] = {other[1:-1]: "reload"}
    assert rows(chain(), new) == {
        SETUP: ("-", "leave", ""),
        other: ("+", "setup", ""),
        "web": (
            "~",
            "reload",
            "needs, on_restart lua-1!setup@etc@web lua-1!setup@web, after its setup",
        ),
    }


def test_the_same_source_from_elsewhere_makes_nothing_anew() -> None:
    new = chain()
    for name in (SETUP, INSTALL):
        new[name]["stage"]["url"] = "git+elsewhere"
    assert "web" not in rows(chain(), new)
    new[SETUP]["nice"] = 3  # what it is made with is not what it is made of
    assert "web" not in rows(chain(), new)


def test_a_reload_that_failed_is_tried_again_by_what_comes() -> None:
    """The node holds lua-2, whose build has failed; lua-1 runs by an older setup."""
    held = ["web", "[lua-2!build@web]"]
    detail = "its new line waits for lua-2!build@web, which has failed; reload: exit:1"
    late = {f"lua-1!{do}@web": {} for do in ("build", "install")}
    web = {"detail": detail, "waits_for": "lua-2!build@web"}
    raw = shown({"web": web, "lua-2!build@web": {"state": "FAIL"}, **late})
    assert atwork.waiting(raw, held)["web"].product == "lua-1"
    assert atwork.unreloaded(raw, held) == ["web"]
    lines = {name: json.dumps(line) for name, line in chain().items()}
    [row] = stagefollow.retried((), ["web", "gone"], lines)
    assert (row.symbol, row.name, row.action) == ("~", "web", "reload")
    restart = Change("-/+", "web", "restart", "nice")
    assert stagefollow.retried([restart], ["web"], lines) == (restart,)
    [row] = stagefollow.retried((), ["web"], {"web": json.dumps(chain(reload={})["web"])})
    assert (row.symbol, row.action) == ("-/+", "restart")


def test_what_runs_where_a_new_version_has_failed() -> None:
    """The node holds lua-2; its build has failed, and lua-1 runs."""
    held = ["web", "[lua-2!build@web]", "[lua-2!install@web]", "pm1.web"]
    late = {f"lua-1!{do}@web": {} for do in ("build", "install")}
    web = {"waits_for": "lua-2!build@web"}
    units = {"web": web, "lua-2!build@web": {"state": "FAIL"}, **late}
    ran = ("[lua-1!build@web]", "[lua-1!install@web]")
    assert atwork.waiting(shown(units), held) == {"web": ("lua-1", ran, ("[lua-2!build@web]",))}
    assert atwork.waiting(shown({"web": {}}), held) == {}
    assert atwork.waiting(b'{"waits_for":"x"', held) == {}
