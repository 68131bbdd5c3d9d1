"""How a node is reached and where pm lives on it: the settings of nodes, groups and defaults."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar, get_args

from enve.load.inventory.ranges import fill
from enve.load.yaml.item import Item
from enve.model.site import Become, Connection, HostKeyPolicy, Install, Register

KEYS = (
    *("connection", "host", "port", "user", "key", "host_key", "pinned", "jump", "become"),
    *("install", "home", "pipe", "register"),
)
REGISTERS: tuple[Register, ...] = get_args(Register)
Settings = Mapping[str, Item]  # the keys above, merged: defaults, then groups, then the node
_HOST = re.compile(r"[A-Za-z0-9_:.\[\]%][A-Za-z0-9_:.\[\]%-]{0,254}")
_USER = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.@\\-]{0,63}\$?")
_JUMP = re.compile(r"(?:[A-Za-z0-9_.][A-Za-z0-9_.@\\-]*@)?[A-Za-z0-9_][A-Za-z0-9_.-]*(?::\d{1,5})?")
_PINNED = re.compile(r"(?:ssh|ecdsa|sk)-[A-Za-z0-9@.-]+ [A-Za-z0-9+/]+=*(?: .*)?")
_PATH = re.compile(r"(?:/|~/?)[^\x00\n]{0,1023}")
Kind = Literal["ssh", "local"]
T = TypeVar("T")


class Reach(NamedTuple):
    """What settings say; `install` may still be "auto", and the host "" (the node's name)."""

    connection: Connection
    install: str
    home: str
    pipe: str
    register: Register


class _Reader:
    """Reads the settings of one node; `places` fills `{{ index }}` and `{{ name }}`."""

    def __init__(self, settings: Settings, places: Mapping[str, str], owner: str) -> None:
        self._settings = settings
        self._places = places
        self._owner = owner

    def what(self, key: str) -> str:
        return f"{key} of {self._owner or 'node ' + repr(self._places['name'])}"

    def read(self, key: str, take: Callable[[Item, str], T], default: T) -> T:
        item = self._settings.get(key)
        return default if item is None else take(item, self.what(key))

    def text(self, key: str, pattern: re.Pattern[str], wanted: str, default: str) -> str:
        item = self._settings.get(key)
        if item is None:
            return default
        what = self.what(key)
        text = item.text(what)
        if "{{" in text:
            text = fill(text, self._places, item, what)
        if not pattern.fullmatch(text):
            raise item.bad(f"{what}: wanted {wanted}, found {text!r}")
        return text


START = Reach(Connection(), "auto", "", "", "auto")


def read_shared(settings: Settings, owner: str) -> Reach | None:
    """What the settings mean for every node alike; None when something is filled in by node."""
    if any("{{" in str(item) for item in settings.values()):
        return None
    return read_reach(settings, {}, owner=owner)


def read_reach(
    settings: Settings, places: Mapping[str, str], base: Reach = START, owner: str = ""
) -> Reach:
    """What the settings say, over `base`. Messages name the `owner` ("" = the node `name`)."""
    reader = _Reader(settings, places, owner)
    old = base.connection
    user = reader.text("user", _USER, "the name of a user", old.user)
    pinned = reader.text("pinned", _PINNED, "a public host key (ssh-ed25519 AAAA...)", old.pinned)
    connection = Connection(
        kind=reader.read("connection", _kind, old.kind),
        host=reader.text("host", _HOST, "a host name or an address", old.host),
        port=reader.read("port", _port, old.port),
        user=user,
        key=reader.read("key", _file, old.key),
        host_key=_policy(settings, reader, pinned, old),
        pinned=pinned,
        jump=reader.text("jump", _JUMP, "[user@]host[:port]", old.jump),
        become=reader.read("become", _become, old.become),
    )
    return Reach(
        connection,
        reader.read("install", _install, base.install),
        reader.text("home", _PATH, "an absolute path, or one from ~", base.home),
        reader.text("pipe", _PATH, "an absolute path, or one from ~", base.pipe),
        reader.read("register", _register, base.register),
    )


def install_of(reach: Reach) -> Install:
    """`auto` decided: a system install where we act as root, else the user's."""
    if reach.install != "auto":
        return "system" if reach.install == "system" else "user"
    connection = reach.connection
    return "system" if connection.become.enabled or connection.user == "root" else "user"


def _register(item: Item, what: str) -> Register:
    found = item.choice(what, REGISTERS)
    return next(word for word in REGISTERS if word == found)


def _kind(item: Item, what: str) -> Kind:
    return "local" if item.choice(what, ("ssh", "local")) == "local" else "ssh"


def _port(item: Item, what: str) -> int:
    return item.integer(what, 1, 65535)


def _become(item: Item, what: str) -> Become:
    if item.found().startswith("a boolean"):
        return Become(enabled=item.boolean(what))
    if not item.is_table and not item.is_list and str(item) == "ask":
        return Become(enabled=True, ask=True)
    raise item.wanted("true, false or ask", what)


def _file(item: Item, what: str) -> str:
    """A path of this machine; a relative one starts at the file that names it."""
    text = item.text(what)
    return text if text.startswith("~") else str(Path(item.file).parent / text)


def _policy(settings: Settings, reader: _Reader, pinned: str, old: Connection) -> HostKeyPolicy:
    otherwise: HostKeyPolicy = "pinned" if "pinned" in settings else old.host_key
    found = reader.read("host_key", _host_key, otherwise)
    if found == "pinned" and not pinned:
        hint = "give the key: `pinned: ssh-ed25519 AAAA...`"
        raise settings["host_key"].bad(f"{reader.what('host_key')}: no key is pinned", hint=hint)
    return found


def _host_key(item: Item, what: str) -> HostKeyPolicy:
    policies: dict[str, HostKeyPolicy] = {
        "strict": "strict",
        "accept-new": "accept-new",
        "pinned": "pinned",
    }
    return policies[item.choice(what, tuple(policies))]


def _install(item: Item, what: str) -> str:
    return item.choice(what, ("auto", "system", "user"))
