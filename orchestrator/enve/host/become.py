"""Command lines that run as root through sudo, and what sudo says told apart from the command.

The password goes over stdin, never into argv. Whether sudo reads it cannot be known (NOPASSWD, a
cached credential), so stdin is `password LF mark LF input` and the first thing that runs as root
drops lines up to the mark. It then prints the mark on stderr: what stands before it is sudo's.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from shlex import quote

from enve.errors import NodeFailure


def plain(command: str) -> str:
    """The command for a login shell of any kind (csh, fish): one quoted word after `sh -c`."""
    return f"exec sh -c {quote(command)}"


@dataclass(frozen=True, slots=True)
class Become:
    """How one command becomes root. `password` None: sudo must not need one."""

    password: str | None = None
    mark: str = ""

    @classmethod
    def new(cls, password: str | None) -> Become:
        """With a mark of its own, which no output can hold by accident."""
        return cls(password, f"enve-{secrets.token_hex(12)}")

    def command(self, command: str) -> str:
        """The command line that runs `command` as root; as it is for who is root already."""
        skip = f'while IFS= read -r l && [ "$l" != {self.mark} ]; do :; done\n'
        inner = quote(f"{skip if self.password is not None else ''}echo {self.mark} >&2\n{command}")
        how = "-n" if self.password is None else "-S -p ''"
        return plain(
            f'if [ "$(id -u)" = 0 ]; then exec sh -c {inner}; fi\nexec sudo {how} -- sh -c {inner}'
        )

    @staticmethod
    def on_terminal(command: str) -> str:
        """Likewise with a person in front of it, whom sudo may ask."""
        inner = quote(command)
        return plain(
            f'if [ "$(id -u)" = 0 ]; then exec sh -c {inner}; fi\nexec sudo -- sh -c {inner}'
        )

    @property
    def before(self) -> bytes:
        """What goes into stdin before the command's own input."""
        return b"" if self.password is None else f"{self.password}\n{self.mark}\n".encode()

    def own_errors(self, stderr: bytes) -> bytes:
        """What the command itself printed on stderr. Raises NodeFailure when sudo said no."""
        said, mark, rest = stderr.partition(f"{self.mark}\n".encode())
        if mark:
            return rest
        told = said.decode("utf-8", "replace").strip().splitlines()
        raise NodeFailure(
            f"could not become root: {told[-1] if told else 'sudo said nothing'}",
            hint=self._remedy(said),
        )

    def _remedy(self, said: bytes) -> str:
        if b"not found" in said:
            return "install sudo on the node, log in as root, or make it a user's install"
        if self.password is None:
            return "-K asks for sudo's password; or let sudoers say NOPASSWD for this login"
        return "sudo did not take the password: check it, and that sudoers allows this login"
