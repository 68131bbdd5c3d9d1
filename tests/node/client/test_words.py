"""Command lines into options and words."""

from __future__ import annotations

import pytest

from enve_pm.client import send
from enve_pm.client.verbs import worst
from enve_pm.shell import words
from enve_pm.wire import command

FLAGS = {"--no-wait": False, "--timeout": True, "-n": True}


@pytest.mark.parametrize(
    ("line", "options", "rest"),
    [
        ("web db", {}, ["web", "db"]),
        ("--no-wait web", {"--no-wait": "1"}, ["web"]),
        ("web --timeout 5 db", {"--timeout": "5"}, ["web", "db"]),
        ("--timeout=5 web", {"--timeout": "5"}, ["web"]),
        ("-n 3 - web", {"-n": "3"}, ["-", "web"]),
        ("-- --no-wait", {}, ["--no-wait"]),
        ("--timeout --no-wait", {"--timeout": "--no-wait"}, []),
    ],
)
def test_split(line: str, options: dict[str, str], rest: list[str]) -> None:
    assert words.split(line.split(), FLAGS) == (options, rest)


@pytest.mark.parametrize("line", ["--nowait", "--timeout", "--no-wait=1", "-x"])
def test_bad_options(line: str) -> None:
    with pytest.raises(words.Failure) as failure:
        words.split(line.split(), FLAGS)
    assert failure.value.code == 64


@pytest.mark.parametrize("text", ["", "x", "-1", "1e99", "nan"])
def test_bad_numbers(text: str) -> None:
    with pytest.raises(words.Failure):
        words.number({"-n": text}, "-n", 1)


@pytest.mark.parametrize(
    ("codes", "code"), [([0], 0), ([0, 3, 0], 3), ([3, 5], 5), ([124, 3], 3), ([64, 0], 64)]
)
def test_worst(codes: list[int], code: int) -> None:
    assert worst(codes) == code


@pytest.mark.parametrize("count", [0, 1, 2, 50, 1000])
def test_lines_hold_every_unit_once(count: int) -> None:
    units = [f"unit-{number}" for number in range(count)]
    packed = send.lines("stop", ["--with-dependents"], units)
    parsed = [command.parse(text) for _, text in packed]
    assert [one.job for one in parsed] == [job for job, _ in packed]
    assert len({one.job for one in parsed}) == len(parsed)
    assert all(len(text) <= command.SIZE for _, text in packed)
    assert all(one.args[0] == "--with-dependents" for one in parsed)
    assert [unit for one in parsed for unit in one.args[1:]] == units
