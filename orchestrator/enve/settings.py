"""Settings of the controller, and where each came from.

The first of these that names a setting wins: flag, ENVE_* variable, ./enve.toml (looked for
upward to the repository's root), XDG config, /etc/enve. Files are TOML with flat keys.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from enve import settingsfile
from enve.errors import InputError, MissingError, UsageError
from enve.settingvalues import amount, count, flag, paths, seconds, text

DEFAULT = "default"


class Setting(NamedTuple):
    """One setting: its default, how text or TOML becomes its value, and what it is for."""

    default: Any
    read: Callable[[Any], Any]
    help: str


SETTINGS: dict[str, Setting] = {
    "inventory": Setting((), paths, "inventory files or directories (ENVE_INVENTORY: a:b)"),
    "forks": Setting(64, count, "nodes at work at once"),
    "timeout": Setting(300.0, seconds, "the deadline for each node, seconds"),
    "connect_timeout": Setting(20.0, seconds, "the deadline for a connection, seconds"),
    "user": Setting("", text, "log in as"),
    "private_key": Setting("", text, "log in with this ssh key"),
    "become": Setting(False, flag, "act as root through sudo"),
    "accept_new": Setting(False, flag, "trust host keys that are met for the first time"),
    "known_hosts": Setting((), paths, "known_hosts files instead of ssh_config's"),
    "ssh_config": Setting("", text, "an ssh_config to use instead of the user's; `none`: none"),
    "state_dir": Setting("", text, "history, facts, our own known_hosts"),
    "cache_dir": Setting("", text, "what can be made again"),
    "signer": Setting("", text, "the OpenPGP key that signs plans (also ENVE_KEY)"),
    "confirm_above": Setting(
        -1, amount, "march asks when more nodes change (-1: 0 on a terminal, else 20)"
    ),
}

# A relative path of these in a file starts at that file.
PATHS = ("inventory", "private_key", "known_hosts", "ssh_config", "state_dir", "cache_dir")


@dataclass(frozen=True, slots=True)
class Settings:
    """The values in force. `origins` says for each where it came from (`default` included)."""

    inventory: tuple[str, ...] = ()
    forks: int = 64
    timeout: float = 300.0
    connect_timeout: float = 20.0
    user: str = ""
    private_key: str = ""
    become: bool = False
    accept_new: bool = False
    known_hosts: tuple[str, ...] = ()
    ssh_config: str = ""
    state_dir: Path = Path()
    cache_dir: Path = Path()
    signer: str = ""
    confirm_above: int = -1
    origins: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def own_known_hosts(self) -> Path:
        """Where --accept-new writes."""
        return self.state_dir / "known_hosts"

    def of_domain(self, domain: str) -> Path:
        """The state directory of one domain: facts, history, heads."""
        return self.state_dir / "domains" / domain


def load(
    flags: Mapping[str, Any] | None = None,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Settings:
    """The settings in force here. `flags`: by setting name; None means the flag was not given."""
    env = os.environ if env is None else env
    warnings: list[str] = []
    layers = [
        ("flag", {name: value for name, value in (flags or {}).items() if value is not None}),
        ("environment", _environment(env)),
        *settingsfile.read(_places(env, cwd or _here()), SETTINGS, warnings),
    ]
    values, origins = _merge(layers)
    values["state_dir"] = _directory(values["state_dir"], env, "XDG_STATE_HOME", ".local/state")
    values["cache_dir"] = _directory(values["cache_dir"], env, "XDG_CACHE_HOME", ".cache")
    return Settings(**values, origins=origins, warnings=tuple(warnings))


def _merge(
    layers: Sequence[tuple[str, Mapping[str, Any]]],
) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name, setting in SETTINGS.items():
        found = next((layer for layer in layers if name in layer[1]), None)
        values[name] = setting.default if found is None else _read(name, found)
        origins[name] = DEFAULT if found is None else _origin(name, found[0])
    return values, origins


def _origin(name: str, layer: str) -> str:
    return variable(name) if layer == "environment" else layer


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"ENVE_{name.upper()}"


def _read(name: str, layer: tuple[str, Mapping[str, Any]]) -> Any:
    origin, found = layer
    try:
        return _from_folder(name, SETTINGS[name].read(found[name]), origin)
    except ValueError as error:
        told = f"{name}: {error}, found {found[name]!r}"
        if origin in ("flag", "environment"):
            raise UsageError(f"{_origin(name, origin)}: {told}") from None
        raise InputError(told, where=settingsfile.place(Path(origin), name)) from None


def _from_folder(name: str, value: Any, origin: str) -> Any:
    """A path in a settings file starts at that file's folder."""
    if origin in ("flag", "environment") or name not in PATHS:
        return value
    start = Path(origin).parent
    if isinstance(value, tuple):
        return tuple(str(start / Path(part).expanduser()) for part in value)
    return str(start / Path(value).expanduser()) if value not in ("", "none") else value


def _environment(env: Mapping[str, str]) -> dict[str, str]:
    return {name: env[variable(name)] for name in SETTINGS if env.get(variable(name))}


def _here() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        told = f"the current folder can't be used: {error.strerror}"
        raise MissingError(told, hint="cd into one that is there") from None


def _places(env: Mapping[str, str], cwd: Path) -> list[Path]:
    """Where settings files may lie, the nearest first."""
    folders = [_directory("", env, "XDG_CONFIG_HOME", ".config"), Path("/etc/enve")]
    nearest = settingsfile.upward(cwd)
    return [*([nearest] if nearest else []), *(folder / settingsfile.NAME for folder in folders)]


def _directory(given: str, env: Mapping[str, str], name: str, otherwise: str) -> Path:
    if given:
        return Path(given).expanduser()
    base = env.get(name, "")
    home = Path(env.get("HOME") or "~").expanduser()
    return (Path(base) if base.startswith("/") else home / otherwise) / "enve"
