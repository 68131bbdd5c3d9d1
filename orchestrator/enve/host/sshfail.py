"""What asyncssh and the system raise, as Unreachable with its kind and what to do next."""

from __future__ import annotations

import errno
import socket

import asyncssh

from enve.core.grouping import many
from enve.errors import EnveError, Unreachable

NO_ROUTE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL}


def connecting(place: str, error: BaseException) -> EnveError:
    """Why no connection to `place` (`web1 (10.0.0.1:22)`) came about."""
    if isinstance(error, EnveError):
        return error
    if isinstance(error, socket.gaierror):
        return Unreachable(
            f"{place}: no such host name ({error.strerror or error})",
            kind="unresolved",
            hint="give the address as `host` in the inventory, or mend DNS",
        )
    if isinstance(error, asyncssh.ChannelOpenError):
        return Unreachable(f"{place}: the jump host can't reach it: {error.reason}", kind="refused")
    if isinstance(error, asyncssh.KeyExchangeFailed):
        return Unreachable(
            f"{place}: no common algorithm: {error.reason}",
            kind="hostkey" if "host key" in error.reason else "refused",
            hint="the node's host key may be of another type now: see known_hosts",
        )
    if isinstance(error, OSError) and not isinstance(error, TimeoutError):
        return _by_system(place, error)
    return Unreachable(f"{place}: no ssh connection: {_reason(error)}", kind="lost")


def _by_system(place: str, error: OSError) -> Unreachable:
    codes = {error.errno, *(getattr(e, "errno", None) for e in getattr(error, "exceptions", ()))}
    if isinstance(error, ConnectionRefusedError) or errno.ECONNREFUSED in codes:
        return Unreachable(
            f"{place}: connection refused",
            kind="refused",
            hint="is sshd running there, at this port?",
        )
    if codes & NO_ROUTE:
        return Unreachable(
            f"{place}: no route to it", kind="refused", hint="check address and network"
        )
    return Unreachable(f"{place}: {_reason(error)}", kind="lost", hint="its sshd closed the door")


def login(place: str, user: str, keys: int, error: asyncssh.PermissionDenied) -> Unreachable:
    """The server let us in nowhere: which login, how many keys it was shown."""
    shown = f"{many(keys, 'key')} shown" if keys else "there is no key to show"
    return Unreachable(
        f"{place}: login as {user} refused ({shown}): {error.reason}",
        kind="login",
        hint="name the key with --private-key or `key`, the login with -u or `user`; "
        "the public key belongs into the node's ~/.ssh/authorized_keys",
    )


def timeout(place: str, seconds: float, phase: str) -> Unreachable:
    """No connection within its time; `phase` says how far it came."""
    return Unreachable(
        f"{place}: {phase} within {seconds:g} s",
        kind="timeout",
        hint="is the node up, and no firewall between?",
    )


def lost(place: str, error: BaseException | None) -> Unreachable:
    """A connection that was there is gone."""
    return Unreachable(
        f"{place}: connection lost{f': {_reason(error)}' if error else ''}", kind="lost"
    )


def _reason(error: BaseException) -> str:
    reason = getattr(error, "reason", "") or getattr(error, "strerror", "") or str(error)
    return str(reason)[:300] or type(error).__name__
