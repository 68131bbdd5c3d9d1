"""Commands behind walls, as a build has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from enve_fire.core.trouble import BUILD
from enve_fire.stage.commands import run_commands

ENV = {"PATH": "/usr/sbin:/usr/bin:/bin"}


def run(walls: Any, *commands: str, **env: str) -> str:
    """What they print. `walls`: a Sandbox whose first writable folder they stand in."""
    folder = Path(walls.writable[0])
    log = folder.parent / "log"
    told: dict[str, Any] = {"code": BUILD, "what": "w", "walls": walls}
    run_commands(commands, {**ENV, **env}, str(folder), str(log), **told)
    return log.read_text()
