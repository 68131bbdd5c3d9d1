"""Secrets: values that are read when they are needed and shown to nobody.

secrets:
  db_password: {file: secrets/db}          # or {env: DB_PASSWORD}, {command: [pass, show, db]}
...: !secret db_password                   # or on the spot: {secret: {env: DB_PASSWORD}}
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from enve.core.suggest import did_you_mean
from enve.errors import InputError
from enve.load.yaml.item import Item

SOURCES = ("file", "env", "command")
BYTES = 64 << 10
_DEADLINE = 60.0


class Secrets:
    """The secrets of one plan; each is read once, and only when something uses it. `define`: how
    one that is missing is given."""

    def __init__(self, item: Item | None, define: str = "define it under `secrets`") -> None:
        self._define = define
        self._sources: dict[str, Item] = {}
        self._values: dict[str, str] = {}
        for key, source in [] if item is None or item.is_nothing else item.entries("secrets"):
            source.table(f"secret {str(key)!r}", SOURCES)
            self._sources[str(key)] = source

    def check(self, item: Item) -> str:
        """The name of one that there is. Raises InputError."""
        name = item.text("the name of a secret")
        if name not in self._sources:
            raise self._unknown(item, name)
        return name

    def value(self, item: Item) -> str:
        """The secret that `is_secret(item)` names or describes. Of the plan's own items only: what
        describes one reads files and runs commands."""
        if item.is_table:
            return _read(item.table("a secret", ("secret",))["secret"], "a secret")
        return self.named(item)

    def named(self, item: Item) -> str:
        """The secret that the item names."""
        if item.is_table or item.is_list:
            raise item.bad(f"wanted !secret NAME, found {item.found()}")
        name = str(item)
        if name not in self._sources:
            raise self._unknown(item, name)
        if name not in self._values:
            self._values[name] = _read(self._sources[name], f"secret {name!r}")
        return self._values[name]

    def _unknown(self, item: Item, name: str) -> InputError:
        hint = did_you_mean(name, self._sources, self._define)
        return item.bad(f"no secret is called {name!r}", hint=hint)


def is_secret(item: Item) -> bool:
    """`!secret NAME`, or a table with the one key `secret`."""
    if not item.is_table:
        return item.secret
    return [str(key) for key, _ in item.entries("a value")] == ["secret"]


def _read(item: Item, what: str) -> str:
    table = item.table(what, SOURCES)
    if len(table) != 1:
        raise item.bad(f"{what}: wanted one of {' '.join(SOURCES)}, found {len(table)}")
    ((kind, source),) = table.items()
    data = {"file": _file, "env": _env, "command": _command}[kind](source, what)
    text = data.removesuffix("\n")
    if not text:
        raise source.bad(f"{what} is empty")
    if len(text) > BYTES or "\0" in text:
        raise source.bad(f"{what}: wanted a text of at most {BYTES >> 10} KiB")
    return text


def _file(item: Item, what: str) -> str:
    path = Path(item.file).parent / Path(item.text(what)).expanduser()
    try:
        with path.open("rb") as stream:
            return stream.read(BYTES + 2).decode()
    except OSError as error:
        raise item.bad(f"{what}: cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise item.bad(f"{what}: {path} is not UTF-8") from None


def _env(item: Item, what: str) -> str:
    name = item.text(what)
    value = os.environ.get(name)
    if value is None:
        raise item.bad(f"{what}: the environment variable {name} is not set", hint=f"export {name}")
    return value


def _command(item: Item, what: str) -> str:
    argv = [word.text(what, empty=True) for word in item.sequence(what)]
    if not argv:
        raise item.bad(f"{what}: an empty command")
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=_DEADLINE, check=False
        )
        if done.returncode == 0:
            return done.stdout.decode()
        reason = f"ended with {done.returncode}"
    except OSError as error:
        reason = error.strerror or str(error)
    except subprocess.TimeoutExpired:
        reason = f"was not done after {_DEADLINE:.0f} s"
    except UnicodeDecodeError:
        reason = "printed something that is not UTF-8"
    raise item.bad(f"{what}: {argv[0]} {reason}")
