"""List and order a real pm that `enve deploy` laid down: the whole way there and back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support import wait
from tests.support.lab import descendants

pytestmark = pytest.mark.real
ENVE = [sys.executable, "-c", "from enve.cli.main import main; main()"]
UNITS = {
    "web": {"command": ["/bin/sh", "-c", "echo hello; exec sleep 1000"], "needs": ["db"]},
    "db": {"command": ["/bin/sleep", "1000"]},
    "broken": {"command": ["/bin/false"], "restart": "never"},
}


class Node:
    """One node on this machine, deployed, with units laid into its home."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        (folder / "inventory.yml").write_text(
            "domain: t.example\nnodes:\n"
            f"  n: {{connection: local, install: user, home: {self.home}, register: none}}\n"
        )

    def enve(self, *words: str) -> tuple[int, Any]:
        """The exit code and the JSON that an enve command answers."""
        line = [*ENVE, words[0], "-i", str(self.folder / "inventory.yml"), "-o", "json", *words[1:]]
        env = {**os.environ, "HOME": str(self.folder)}
        done = subprocess.run(line, env=env, capture_output=True, text=True, check=False)
        return done.returncode, json.loads(done.stdout)

    def pm(self, *words: str) -> int:
        line = [self.home / "pm", *words]
        return subprocess.run(line, check=False, capture_output=True, timeout=60).returncode

    def shutdown(self) -> None:
        self.pm("shutdown")
        wait.until(lambda: self.pm("status") == 3, "pm is gone")

    def lay(self, units: dict[str, dict[str, Any]]) -> None:
        for name, unit in units.items():
            (self.home / "units" / name).mkdir()
            (self.home / "spots" / name).mkdir()
            line = json.dumps({"v": 1, "name": name, **unit}, sort_keys=True, separators=(",", ":"))
            (self.home / "units" / name / "parameter").write_text(line)

    def status(self) -> str:
        return (self.home / "public/status.json").read_text()

    def states(self) -> dict[str, str]:
        return {row["address"]: row["state"] for row in self.enve("list")[1]["rows"]}


def settled(status: str) -> bool:
    """Whether `web` and `db` run and `broken` has ended."""
    return status.count('"RUNNING"') == 2 and "exit:1" in status


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    made = Node(tmp_path_factory.mktemp("pm"))
    code, told = made.enve("deploy", "-y")
    assert code == 0, told
    first = made.status()
    made.shutdown()
    made.lay(UNITS)
    wait.until(lambda: made.pm("run", "--respawn", "--detach") == 0, "pm runs again")
    try:
        wait.until(lambda: made.status() != first and settled(made.status()), "units run")
        yield made
    finally:
        made.shutdown()


def test_states(node: Node) -> None:
    code, told = node.enve("list")
    assert code == 0
    rows = {row["address"]: row for row in told["rows"]}
    assert rows["n.web"]["state"] == rows["n.db"]["state"] == "RUNNING"
    assert rows["n.web"]["pid"] > 0
    assert rows["n.web"]["alive"]
    assert "exit:1" in rows["n.broken"]["detail"]


def test_orders(node: Node) -> None:
    code, told = node.enve("stop", "n.web", "n.db")
    assert (code, len(told["results"])) == (0, 2)
    rows = {row["address"]: row for row in node.enve("list")[1]["rows"]}
    assert rows["n.web"]["state"] == rows["n.db"]["state"] == "STOPPED"
    assert rows["n.web"]["drift"]
    code, _ = node.enve("start", "n.*", "-l", "n")
    assert code in (0, 3)  # 3: `broken` fails again
    assert node.states()["n.web"] == "RUNNING"


def test_several_orders_at_once_are_told_apart(node: Node) -> None:
    code, told = node.enve("restart", "n.broken", "n.db")
    outcomes = {result["address"]: result["outcome"] for result in told["results"]}
    assert (code, outcomes) == (3, {"n.broken": "failed", "n.db": "changed"})


def test_what_others_need_is_not_stopped(node: Node) -> None:
    node.enve("start", "n.web")
    code, told = node.enve("stop", "n.db")
    assert code == 5
    assert "web" in told["results"][0]["detail"]
    assert "--with-dependents" in told["results"][0]["problem"]["hint"]
    assert node.enve("stop", "--with-dependents", "n.db")[0] == 0
    assert node.states()["n.web"] == "STOPPED"
    assert node.enve("start", "n.web")[0] == 0


def test_texts(node: Node) -> None:
    wait.until((node.home / "log/web.log").exists, "web's log")
    code, told = node.enve("logs", "n.web")
    assert code == 0
    assert "hello\n" in told["results"][0]["output"]
    code, told = node.enve("cat", "n.web", "n.db")
    assert [json.loads(result["output"])["name"] for result in told["results"]] == ["web", "db"]


def test_dependencies(node: Node) -> None:
    code, told = node.enve("list-dependencies", "n.web")
    assert (code, told["roots"]) == (0, ["n.web"])
    assert ["need", "n.db"] in told["units"]["n.web"]["edges"]
    assert set(node.enve("list-dependencies", "n.db", "--reverse")[1]["units"]) >= {"n.web"}
    code, told = node.enve("list-dependencies", "n.nothing", "n.db")
    assert (code, told["roots"]) == (64, ["n.db"])


def test_why(node: Node) -> None:
    code, told = node.enve("why", "n.broken")
    [story] = told["why"].values()
    assert (code, story["chain"][0]["unit"]) == (0, "n.broken")
    assert story["job"]["command"]
    assert node.enve("why", "n.nothing")[0] == 64
    code, told = node.enve("why", "n.broken", "n.nothing")
    assert (code, list(told["why"])) == (64, ["n.broken"])


def test_following_a_log(node: Node) -> None:
    """Lines come as they are printed, and nothing stays behind on the node."""
    line = [
        *ENVE,
        "logs",
        "--follow",
        "-i",
        str(node.folder / "inventory.yml"),
        "-o",
        "jsonl",
        "n.web",
    ]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert json.loads(run.stdout.readline())["event"] == "begin"
        assert json.loads(run.stdout.readline()) == {
            **{"v": 1, "event": "printed", "node": "n", "address": "n.web", "line": "hello"}
        }
        lines = int(node.enve("logs", "n.web")[1]["results"][0]["output"].count("hello"))
        for _ in range(lines - 1):
            run.stdout.readline()
        assert node.enve("restart", "n.web")[0] == 0
        assert json.loads(run.stdout.readline())["line"] == "hello"
        followers = [pid for pid in descendants(os.getpid()) if is_follower(pid)]
        assert followers
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=60)
    assert (run.returncode, err) == (130, "\ninterrupted\n")
    wait.until(lambda: not any(map(is_follower, followers)), "the followers are gone")


def test_following_what_is_not_there(node: Node) -> None:
    assert node.enve("logs", "--follow", "n.w?e")[0] == 64
    code, told = node.enve("logs", "--follow", "n.wbe")
    assert (code, told["results"][0]["address"]) == (64, "n.wbe")
    assert "no unit wbe" in told["results"][0]["detail"]


def is_follower(pid: int) -> bool:
    try:
        return b"logs\0web" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def test_a_property(node: Node) -> None:
    assert node.enve("set-property", "n.db", "stop_timeout=2000")[0] == 0
    code, told = node.enve("set-property", "n.db", "stop_timeout=soon")
    assert code == 64
    assert "stop_timeout" in told["results"][0]["detail"]


def test_no_such_unit(node: Node) -> None:
    code, told = node.enve("restart", "n.wbe")
    assert code == 64
    assert "wbe" in told["results"][0]["detail"]
    code, told = node.enve("restart", "n.w?e")
    assert code == 64
    assert told["errors"][0]["message"] == "no resource matches 'n.w?e'"
