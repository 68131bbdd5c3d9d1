"""The keys of a profile's `settle`: the root that a product is installed into."""

from __future__ import annotations

from typing import Any

from enve.load.profile.compound import Keyed, Listed
from enve.load.profile.kinds import Choice, Flag, Kind, Mode, Number, Schema, Size, Text
from enve.load.profile.merge import Part, is_table
from enve.load.profile.reader import Reader
from enve.load.yaml.item import Item
from enve_fire.core.settle import shape

_ID = Number(1, shape.LARGEST_ID)
_TREE = Keyed(
    {
        shape.DEBOOTSTRAP: Keyed(
            {
                "suite": Text().said("Which release."),
                "mirror": Text().said("Where it comes from."),
                "include": Listed(Text()).said("Packages beside the least."),
            }
        ).said("Made by debootstrap.")
    },
    (shape.DEBOOTSTRAP,),
)


class Tree(Kind):
    """`none`, `tar:URL`, `snapshot:PATH`, or {debootstrap: ...}."""

    merges = True

    def known(self, part: Part, what: str) -> None:
        if is_table(part):
            _TREE.known(part, what)

    def below(self, name: str) -> Kind | None:
        return _TREE.below(name)

    def read(self, reader: Reader, part: Part, what: str, path: str) -> Any:
        return (_TREE if is_table(part) else Text()).read(reader, part, what, path)

    def value(self, item: Item, what: str) -> Any:
        raise AssertionError

    def schema(self) -> Schema:
        return {"anyOf": [Text().schema(), _TREE.schema()]}


_USER = Keyed(
    {
        "name": Text().said("What it is called."),
        "uid": _ID.said("Its number."),
        "gid": Number(1, shape.LARGEST_ID).said("Its group's number."),
        "home": Text().said("Its home."),
        "shell": Text().said("Its shell."),
    },
    ("name", "uid"),
)
_MOUNT = Keyed(
    {
        "type": Choice(shape.BIND, shape.TMPFS).said("What it is."),
        "src": Text().said("What is shown there."),
        "dst": Text().said("Where, in the root."),
        "ro": Flag().said("Whether nobody may write."),
        "size": Size().said("What a tmpfs may hold."),
        "mode": Mode().said("Permission bits of a tmpfs."),
    },
    ("type", "dst"),
)
_VOLUME = Keyed(
    {
        "path": Text().said("Where it is."),
        "mode": Mode().said("Permission bits."),
        "user": Text().said("Whose it is."),
        "quota": Size().said("What it may hold."),
        "subvolume": Choice("auto", "yes", "no").said("Whether it is a subvolume of btrfs."),
        "ephemeral": Flag().said("Whether it goes with the root."),
    },
    ("path",),
)
_NETWORK = Keyed(
    {
        "netns": Text().said("The name of the namespace."),
        "addr": Listed(Text()).said("Its addresses."),
        "bridge": Text().said("The bridge that it is on."),
        "outer": Listed(Text()).said("Addresses of the outer end."),
        "gateway": Listed(Text()).said("Its gateways."),
    }
)
SETTLE = Keyed(
    {
        "path": Text().said("Where the root is."),
        "from": Tree().said("What is in it: none, tar:URL, snapshot:PATH, or debootstrap."),
        "users": Listed(_USER).said("Users in it."),
        "mounts": Listed(_MOUNT).said("What is mounted in it."),
        "volumes": Listed(_VOLUME).said("Folders that stay."),
        "network": _NETWORK.said("A network of its own."),
        "isolate": Choice(shape.NONE, shape.CHROOT, shape.JAIL).said("What keeps it in there."),
    }
)
