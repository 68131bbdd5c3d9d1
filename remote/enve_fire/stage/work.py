"""Where the commands of a build run, and with what."""

from __future__ import annotations

from enve_fire.stage.commands import run_commands

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from enve_fire.stage.walls.sandbox import Sandbox
    from enve_fire.tree.pace import Report


class Work:
    """Where commands of a build run, and with what. `log`: the file that keeps what they print."""

    def __init__(
        self,
        cwd: str,
        env: dict[str, str],
        log: str,
        walls: Sandbox,
        report: Report,
    ) -> None:
        self.cwd = cwd
        self.env = env
        self.log = log
        self.walls = walls
        self.report = report

    def but(self, env: dict[str, str], log: str) -> Work:
        """The same folder, for others."""
        return Work(self.cwd, env, log, self.walls, self.report)

    def run(self, commands: Sequence[str], code: int, what: str) -> None:
        run_commands(
            commands,
            self.env,
            self.cwd,
            self.log,
            code=code,
            what=what,
            walls=self.walls,
            report=self.report,
        )
