"""Units of kind subroot: a folder that one can chroot into.

    {"at": PATH, "type": "tar", "setuid": bool}          from the unit's product
    {"at": PATH, "type": "overlay", "lower": [PATH], "size": BYTES | "upper": PATH}
    {"at": PATH, "type": "bind", "paths": [PATH]}        nothing but these, read-only

An overlay keeps what is written in memory, or in `upper`.
"""

from __future__ import annotations

import errno
import os

from enve_pm.maker import api, tree
from enve_pm.maker.layer import BIND, Layer
from enve_pm.maker.libc import NODEV, NOSUID, RDONLY, SHARED
from enve_pm.maker.place import Trouble
from enve_pm.maker.stack import Stack
from enve_pm.shell.process import mountinfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.maker.place import Place

UPPER = ".upper"  # in the spot's directory: where an overlay's memory is mounted


class SubrootUnit:
    """`check`, `make` and `undo` of the whole: its files, and what is mounted in it."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._body = place.body
        self._type = place.body["type"]
        at = place.path(place.body["at"])
        layers = [*_FILES[self._type](self), *api.layers(place.home)]
        self._stack = Stack(place, at, layers)
        self._memory = Stack(place, place.path(UPPER), self._upper_memory())

    def check(self) -> str:
        """Why it is not there as it should be; empty when it is."""
        return self._stack.check() or (self._memory.check() if self._in_memory else "")

    def make(self) -> None:
        """Raises Trouble, OSError."""
        self._stack.undo()
        if self._type == "tar":
            if not self._place.blob:
                raise Trouble("a subroot of type tar wants a product (push)")
            tree.grow(self._place)
        try:
            if self._type == "overlay":
                self._make_upper()
            self._stack.make()
            self._stack.pass_on(SHARED)
        except BaseException as error:
            self.undo()
            if isinstance(error, OSError) and error.errno == errno.EINVAL:
                self._explain()
            raise

    def _explain(self) -> None:
        """Raises Trouble for what the kernel calls an invalid argument, and is well known."""
        if self._type != "overlay":
            return
        if not self._in_memory and self._on_overlay(self._upper):
            told = "upper: %s lies on an overlay, which the kernel lays no other over"
            raise Trouble(told % self._upper + "; leave `upper` out (memory), or name another")
        for path in self._body["lower"]:
            if self._on_overlay(path):
                told = "overlay: %s lies on an overlay, and the kernel lays two at most over one"
                raise Trouble(told % path + " another; show `paths` instead")

    def _on_overlay(self, path: str) -> bool:
        handle = self._place.open(path)
        try:
            found = mountinfo.around(handle, mountinfo.read())
        finally:
            os.close(handle)
        return found is not None and found.kind == "overlay"

    def undo(self) -> None:
        """Nothing stays mounted. Raises Trouble, OSError."""
        self._stack.undo()
        self._place.tidy(self._stack.at)
        if self._in_memory:
            self._memory.undo()
            self._place.tidy(self._memory.at)

    def _name(self, what: str) -> str:
        """Tells the mount from those of others."""
        return "pm:%s:%s" % (what, self._place.spot)

    # -- the files --------------------------------------------------------------------------------
    def _tar(self) -> list[Layer]:
        return [Layer("", BIND, tree.path(self._place), 0)]

    def _bind(self) -> list[Layer]:
        """An empty root that shows some of ours; links of / into them are the same in there."""
        paths = self._body["paths"]
        links = {name: target for name, target in _links().items() if _leads(target, paths)}
        bottom = Layer("", "tmpfs", self._name("root"), NOSUID | NODEV, "mode=755,size=1m", links)
        shown = [Layer(path.strip("/"), BIND, path, NOSUID | NODEV | RDONLY) for path in paths]
        return [bottom, *shown]

    def _overlay(self) -> list[Layer]:
        room = self._upper
        lies = {
            "lowerdir": self._body["lower"],
            "upperdir": [room + "/upper"],
            "workdir": [room + "/work"],
        }
        return [Layer("", "overlay", self._name("root"), 0, lies=lies)]

    # -- what is written in an overlay ------------------------------------------------------------
    @property
    def _in_memory(self) -> bool:
        return self._type == "overlay" and "upper" not in self._body

    @property
    def _upper(self) -> str:
        return self._place.path(self._body.get("upper", UPPER))

    def _upper_memory(self) -> list[Layer]:
        size = self._body.get("size", 0)
        data = "mode=700" + (",size=%d" % size if size else "")
        return [Layer("", "tmpfs", self._name("upper"), NOSUID | NODEV, data)]

    def _make_upper(self) -> None:
        if self._in_memory and self._memory.check():
            self._memory.make()
        for name in ("upper", "work"):
            os.close(self._place.open("%s/%s" % (self._upper, name), make=True))


def _links() -> dict[str, str]:
    """The links of / : bin -> usr/bin and the like."""
    return {name: os.readlink("/" + name) for name in os.listdir("/") if os.path.islink("/" + name)}


def _leads(target: str, paths: list[str]) -> bool:
    path = "/" + target.strip("/")
    return any((path + "/").startswith(shown.rstrip("/") + "/") for shown in paths)


_FILES = {
    "tar": SubrootUnit._tar,
    "overlay": SubrootUnit._overlay,
    "bind": SubrootUnit._bind,
}
