"""Settings of the controller, and where each came from.

The first of these that names a setting wins: flag, ENVE_* variable, ./enve.toml (looked for
upward to the repository's root), XDG config, /etc/enve. Files are TOML with flat keys.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from enve.core.suggest import did_you_mean
from enve.errors import InputError, UsageError, Where

MAX_FILE = 1 << 20  # bytes of an enve.toml
DEFAULT = "default"


class Setting(NamedTuple):
    """One setting: its default, how text or TOML becomes its value, and what it is for."""

    default: Any
    read: Callable[[Any], Any]
    help: str


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ValueError("wanted a text")


def _count(value: Any) -> int:
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
    if isinstance(number, int) and not isinstance(number, bool) and 0 < number <= 100_000:
        return number
    raise ValueError("wanted a whole number from 1 to 100000")


def _amount(value: Any) -> int:
    """Like a count, but 0 and -1 (the default of whoever uses it) are allowed."""
    if value in (0, -1, "0", "-1") and not isinstance(value, bool):
        return int(value)
    return _count(value)


def _seconds(value: Any) -> float:
    try:
        number = float(value) if not isinstance(value, bool) else 0.0
    except (TypeError, ValueError):
        number = 0.0
    if 0 < number <= 7 * 86_400:
        return number
    raise ValueError("wanted a number of seconds above 0")


def _flag(value: Any) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True}
    words |= {"0": False, "false": False, "no": False, "off": False, "": False}
    found = words.get(value.lower()) if isinstance(value, str) else value
    if isinstance(found, bool):
        return found
    raise ValueError("wanted true or false")


def _paths(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part for part in value.split(os.pathsep) if part)
    if isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value):
        return tuple(value)
    raise ValueError("wanted a path or a list of paths")


SETTINGS: dict[str, Setting] = {
    "inventory": Setting((), _paths, "inventory files or directories (ENVE_INVENTORY: a:b)"),
    "forks": Setting(64, _count, "nodes at work at once"),
    "timeout": Setting(300.0, _seconds, "the deadline for each node, seconds"),
    "connect_timeout": Setting(20.0, _seconds, "the deadline for a connection, seconds"),
    "user": Setting("", _text, "log in as"),
    "private_key": Setting("", _text, "log in with this ssh key"),
    "become": Setting(False, _flag, "act as root through sudo"),
    "accept_new": Setting(False, _flag, "trust host keys that are met for the first time"),
    "known_hosts": Setting((), _paths, "known_hosts files instead of ssh_config's"),
    "ssh_config": Setting("", _text, "an ssh_config to use instead of the user's; `none`: none"),
    "state_dir": Setting("", _text, "history, facts, our own known_hosts"),
    "cache_dir": Setting("", _text, "what can be made again"),
    "signer": Setting("", _text, "the OpenPGP key that signs plans (also ENVE_KEY)"),
    "confirm_above": Setting(
        -1, _amount, "march asks when more nodes change (-1: 0 on a terminal, else 20)"
    ),
}

PLACES = ("inventory", "private_key", "known_hosts", "ssh_config", "state_dir", "cache_dir")


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
        *_files(env, cwd or Path.cwd(), warnings),
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
        raise InputError(told, where=_place(Path(origin), name)) from None


def _from_folder(name: str, value: Any, origin: str) -> Any:
    """A path in a settings file starts at that file's folder."""
    if origin in ("flag", "environment") or name not in PLACES:
        return value
    start = Path(origin).parent
    if isinstance(value, tuple):
        return tuple(str(start / Path(part).expanduser()) for part in value)
    return str(start / Path(value).expanduser()) if value not in ("", "none") else value


def _environment(env: Mapping[str, str]) -> dict[str, str]:
    return {name: env[variable(name)] for name in SETTINGS if env.get(variable(name))}


def _files(
    env: Mapping[str, str], cwd: Path, warnings: list[str]
) -> list[tuple[str, Mapping[str, Any]]]:
    """The settings files that exist here, the nearest first."""
    places = [_upward(cwd), config_home(env) / "enve.toml", Path("/etc/enve/enve.toml")]
    layers: list[tuple[str, Mapping[str, Any]]] = []
    for place in places:
        if place is not None and place.is_file() and _safe(place, warnings):
            layers.append((str(place), _toml(place)))
    return layers


def _upward(cwd: Path) -> Path | None:
    """The nearest enve.toml from `cwd` up to the repository's root; outside of one only `cwd`'s."""
    found: Path | None = None
    for folder in (cwd, *cwd.parents):
        if found is None and (folder / "enve.toml").is_file():
            found = folder / "enve.toml"
        if (folder / ".git").exists():
            return found
    return cwd / "enve.toml"


def _safe(file: Path, warnings: list[str]) -> bool:
    """A file that anybody may have put there decides nothing."""
    for place in (file.parent, file):
        if place.stat().st_mode & stat.S_IWOTH:
            warnings.append(f"{file} is ignored: everybody may write to {place}")
            return False
    return True


def _toml(file: Path) -> Mapping[str, Any]:
    with file.open("rb") as stream:
        text = stream.read(MAX_FILE + 1)
    if len(text) > MAX_FILE:
        raise InputError(f"wanted at most {MAX_FILE} bytes", where=Where(str(file)))
    try:
        found = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"not TOML: {error}", where=Where(str(file))) from None
    for name in found:
        if name not in SETTINGS:
            raise InputError(
                f"unknown setting '{name}'",
                where=_place(file, name),
                hint=did_you_mean(name, SETTINGS, "`enve config dump` lists all settings"),
            )
    return found


def _place(file: Path, name: str) -> Where:
    """The line that sets `name` (tomllib keeps no positions)."""
    pattern = re.compile(rf"\s*\[*[\"']?{re.escape(name)}[\"']?\s*[\]=.]")
    for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
        if pattern.match(line):
            return Where(str(file), number, len(line) - len(line.lstrip()) + 1)
    return Where(str(file))


def config_home(env: Mapping[str, str]) -> Path:
    """Our folder under XDG_CONFIG_HOME."""
    return _directory("", env, "XDG_CONFIG_HOME", ".config")


def _directory(given: str, env: Mapping[str, str], name: str, otherwise: str) -> Path:
    if given:
        return Path(given).expanduser()
    base = env.get(name, "")
    home = Path(env.get("HOME") or "~").expanduser()
    return (Path(base) if base.startswith("/") else home / otherwise) / "enve"
