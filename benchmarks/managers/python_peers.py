"""Managers that are written in Python, in a virtual environment of their own."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks import peers
from benchmarks.managers.family import SLEEP
from benchmarks.managers.peer import Missing, Peer


def _programs() -> Path:
    try:
        return peers.environment()
    except (OSError, subprocess.CalledProcessError):
        raise Missing("its package could not be installed (needs PyPI)") from None


class Supervisord(Peer):
    """No waiting before a start counts as good, output thrown away."""

    name = "supervisord"

    def __init__(self, folder: Path, units: int) -> None:
        super().__init__(folder, units)
        config = folder / "supervisord.conf"
        config.write_text(
            f"[supervisord]\nnodaemon=true\nlogfile={folder}/log\npidfile={folder}/pid\n"
            f"minfds=10000\nchildlogdir={folder}\n"
            f"[unix_http_server]\nfile={folder}/sock\n"
            "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory="
            "supervisor.rpcinterface:make_main_rpcinterface\n"
            f"[supervisorctl]\nserverurl=unix://{folder}/sock\n"
            f"[program:u]\ncommand={' '.join(SLEEP)}\nnumprocs={units}\n"
            "process_name=%(process_num)04d\nstartsecs=0\nautorestart=true\n"
            "stdout_logfile=NONE\nstderr_logfile=NONE\n"
        )
        programs = _programs()
        self.start = [str(programs / "supervisord"), "-c", str(config)]
        ask = [str(programs / "supervisorctl"), "-c", str(config)]
        self.restart_one = [*ask, "restart", "u:0007"]

    @classmethod
    def version(cls) -> str:
        return peers.VERSIONS["supervisor"]


class Circus(Peer):
    """No delay between two starts."""

    name = "circus"

    def __init__(self, folder: Path, units: int) -> None:
        super().__init__(folder, units)
        config = folder / "circus.ini"
        sockets = {name: f"ipc://{folder}/{name}" for name in ("endpoint", "pubsub")}
        config.write_text(
            f"[circus]\nendpoint = {sockets['endpoint']}\npubsub_endpoint = {sockets['pubsub']}\n"
            "check_delay = 1\nwarmup_delay = 0\n"
            + "".join(
                f"[watcher:u{i:04d}]\ncmd = {' '.join(SLEEP)}\nnumprocesses = 1\n"
                "graceful_timeout = 1\n"
                for i in range(units)
            )
        )
        programs = _programs()
        self.start = [str(programs / "circusd"), str(config), "--log-level", "error"]
        ask = [str(programs / "circusctl"), "--endpoint", sockets["endpoint"], "--timeout", "60"]
        self.restart_one = [*ask, "restart", "u0007"]

    @classmethod
    def version(cls) -> str:
        return peers.VERSIONS["circus"]
