"""Opens Hosts, by ssh or on this machine (`enve.host.base.Connect`)."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from enve.errors import MissingError
from enve.host.base import Host
from enve.host.local import LocalHost
from enve.host.options import SshOptions
from enve.model.site import Node

if TYPE_CHECKING:
    from enve.host.dial import Dialer


class Connector:
    """One a run. `become_password`: what -K asked for; None = nothing was asked."""

    def __init__(self, options: SshOptions, *, become_password: str | None = None) -> None:
        self._options = options
        self._password = become_password
        self._dialer: Dialer | None = None

    async def __call__(self, node: Node, *, deadline: float) -> Host:
        """An open connection to the node. Raises Unreachable, MissingError."""
        if node.connection.become.ask and self._password is None:
            raise MissingError(
                f"{node.name} wants a password for sudo", hint="-K asks for it, once"
            )
        if node.connection.kind == "local":
            return LocalHost(node, self._password)
        from enve.host.ssh import SshHost  # noqa: PLC0415  asyncssh costs 0.15 s: only when needed

        connection = await self._ssh().connect(node, deadline=deadline)
        return SshHost(node, connection, self._password)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What ssh_config asks for and is not obeyed; known once a node was reached by ssh."""
        return self._dialer.config.warnings if self._dialer else ()

    def _ssh(self) -> Dialer:
        if self._dialer is None:
            from enve.host.dial import Dialer  # noqa: PLC0415

            self._dialer = Dialer(self._options)
        return self._dialer

    async def __aenter__(self) -> Connector:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._dialer:
            await self._dialer.close()
