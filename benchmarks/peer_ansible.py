"""Ansible on the same nodes: pipelining, 50 forks, no fact gathering; its best settings."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.lab import Lab

CONFIG = """\
[defaults]
inventory = {folder}/hosts.ini
forks = 50
gathering = explicit
host_key_checking = True
deprecation_warnings = False
interpreter_python = /usr/bin/python3
[ssh_connection]
pipelining = True
ssh_args = -F none -o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile={known_hosts} \
-o KexAlgorithms=curve25519-sha256
control_path_dir = {folder}/cp
"""

PLAYBOOK = """\
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.file: {path: "{{ place }}", state: directory, mode: "0755"}
    - ansible.builtin.template:
        {src: "{{ item }}.j2", dest: "{{ place }}/{{ item }}", mode: "0644"}
      loop: [one.conf, two.conf, three.conf]
    - ansible.builtin.copy: {src: artifact.bin, dest: "{{ place }}/artifact.bin", mode: "0644"}
    - ansible.builtin.shell: |
        test -d /proc/$(cat {{ place }}/pid 2>/dev/null || echo none) && exit 0
        setsid sleep 100000 </dev/null >/dev/null 2>&1 &
        echo $! >{{ place }}/pid; echo started
      register: daemon
      changed_when: "'started' in daemon.stdout"
"""


class Ansible:
    """Its files in a folder, and the commands that are measured."""

    def __init__(self, folder: Path, made: Lab, programs: Path) -> None:
        self.folder = folder
        self.programs = programs
        folder.mkdir()
        (folder / "cp").mkdir(mode=0o700)
        (folder / "ansible.cfg").write_text(
            CONFIG.format(folder=folder, known_hosts=made.known_hosts)
        )
        (folder / "play.yml").write_text(PLAYBOOK)
        (folder / "artifact.bin").write_bytes(os.urandom(1 << 20))
        for name in ("one", "two", "three"):
            self.configure(name, "first")
        (folder / "hosts.ini").write_text(
            "".join(
                f"{node.name} ansible_host={node.address} ansible_port={node.port} "
                f"ansible_user={node.user} ansible_ssh_private_key_file={node.key} "
                f"place={node.home}/ansible\n"
                for node in made.nodes
            )
        )

    def configure(self, name: str, value: str) -> None:
        text = "".join(f"{name}{i} = {value} {{{{ inventory_hostname }}}}\n" for i in range(40))
        (self.folder / f"{name}.conf.j2").write_text(text)

    @property
    def env(self) -> Mapping[str, str]:
        own = {"ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"), "HOME": str(self.folder)}
        return {**os.environ, **own}  # its HOME is ours: it leaves caches there

    @property
    def converge(self) -> Sequence[str]:
        return [str(self.programs / "ansible-playbook"), str(self.folder / "play.yml")]

    @property
    def listing(self) -> Sequence[str]:
        command = "ps -o pid=,etimes= -p $(cat {{ place }}/pid)"
        program = str(self.programs / "ansible")
        return [program, "all", "-m", "ansible.builtin.shell", "-a", command]
