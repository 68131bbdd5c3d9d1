"""pyinfra on the same nodes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.lab import Lab

DEPLOY = """\
from pyinfra import host
from pyinfra.operations import files, server

place = host.data.place
files.directory(path=place, mode="755")
for name in ("one.conf", "two.conf", "three.conf"):
    files.template(src=f"{host.data.folder}/{name}.j2", dest=f"{place}/{name}", mode="644")
files.put(src=f"{host.data.folder}/artifact.bin", dest=f"{place}/artifact.bin", mode="644")
server.shell(
    commands=[
        f"test -d /proc/$(cat {place}/pid 2>/dev/null || echo none) || "
        f"{{ setsid sleep 100000 </dev/null >/dev/null 2>&1 & echo $! >{place}/pid; }}"
    ]
)
"""


class Pyinfra:
    """Its files in a folder, and the commands that are measured."""

    def __init__(self, folder: Path, made: Lab, programs: Path) -> None:
        self.folder = folder
        self.programs = programs
        folder.mkdir()
        (folder / "deploy.py").write_text(DEPLOY)
        (folder / "artifact.bin").write_bytes(os.urandom(1 << 20))
        for name in ("one", "two", "three"):
            self.configure(name, "first")
        rows = [
            (
                node.name,
                {
                    "ssh_hostname": node.address,
                    "ssh_port": node.port,
                    "ssh_user": node.user,
                    "ssh_key": str(node.key),
                    "ssh_known_hosts_file": str(made.known_hosts),
                    "ssh_strict_host_key_checking": "yes",
                    "place": f"{node.home}/pyinfra",
                    "folder": str(folder),
                },
            )
            for node in made.nodes
        ]
        (folder / "hosts.py").write_text(f"nodes = {rows!r}\n")

    def configure(self, name: str, value: str) -> None:
        text = "".join(f"{name}{i} = {value} {{{{ host.name }}}}\n" for i in range(40))
        (self.folder / f"{name}.conf.j2").write_text(text)

    @property
    def env(self) -> Mapping[str, str]:
        return dict(os.environ)

    def _command(self, *words: str) -> Sequence[str]:
        program = str(self.programs / "pyinfra")
        return [program, "-y", "--parallel", "100", str(self.folder / "hosts.py"), *words]

    @property
    def converge(self) -> Sequence[str]:
        return self._command(str(self.folder / "deploy.py"))

    @property
    def listing(self) -> Sequence[str]:
        return self._command("exec", "--", "ps -o pid=,etimes= -C sleep | head -1")
