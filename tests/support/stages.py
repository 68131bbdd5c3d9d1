"""Stages of a pm of a test, done by a program that stands in for the real one: what pm itself does
about them shows the same way, and a test says how each step ends."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.box import installed, line

# argv: unit STEP PLACE. table: {"version": what is made; "hold": a file that it waits for; "fail":
# whether the step fails; "leave": a file for what the step has been given}
PROGRAM = """
import json, os, sys, time
step, place = sys.argv[2:4]
said = json.load(sys.stdin)
body, table = said["stage"], said["stage"]["table"]
mark = "%s/%s" % (place, body["do"])
if step == "check":
    try:
        sys.exit(open(mark).read() != table["version"])
    except OSError:
        sys.exit(1)
print(body["do"], table["version"], flush=True)
if "leave" in table:
    with open(table["leave"], "w") as file:
        json.dump({"env": dict(os.environ), "uid": os.getuid(), "umask": os.umask(0)}, file)
while "hold" in table and not os.path.exists(table["hold"]):
    time.sleep(0.02)
if table.get("fail"):
    os.write(3, b"no rule to make target " + table["version"].encode())
    sys.exit(82)
os.makedirs(place, exist_ok=True)
with open(mark, "w") as file:
    file.write(table["version"])
"""


def program(folder: Path) -> Path:
    """pm's program, with that one beside it."""
    place = folder / "program"
    shutil.copytree(installed(), place / "enve_pm", copy_function=_link)
    (place / "enve_fire").mkdir()
    (place / "enve_fire/__main__.py").write_text(PROGRAM)
    folder.chmod(0o755)
    return place / "enve_pm"


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)


def stage(do: str, product: str, spot: str = "web", **keys: Any) -> dict[str, Any]:
    """Its line; `table`: see above."""
    table = {"version": product, **keys.pop("table", {})}
    body = {"do": do, "url": "git+https://h/p", "table": table}
    return line(f"[{unit(do, product, spot)}]", kind="stage", stage=body, restart="never", **keys)


def unit(do: str, product: str, spot: str = "web") -> str:
    return f"{product}!{do}@{spot}"


def chain(
    product: str, tables: Mapping[str, dict[str, Any]] | None = None, **keys: Any
) -> list[dict[str, Any]]:
    """A build, an install, a setup, and the spot that runs on them."""
    tables = tables or {}
    names = [unit(do, product) for do in ("build", "install", "setup")]
    lines = [
        stage(do, product, needs=names[at - 1 : at] if at else [], table=tables.get(do, {}))
        for at, do in enumerate(("build", "install", "setup"))
    ]
    reload = {"reload": {"signal": "HUP"}, "on_restart": {names[2]: "reload"}}
    command = ["sh", "-c", f"trap 'echo reloaded' HUP; echo {product}; while :; do sleep 0.1; done"]
    return [*lines, line("web", needs=names[1:], command=command, **reload, **keys)]
