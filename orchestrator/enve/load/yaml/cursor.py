"""A place in a YAML file: which node of the tree stands there, and how to speak of it."""

from __future__ import annotations

import yaml

from enve.errors import InputError, Where
from enve.load.yaml import scalar

_SHOWN = 40  # characters of a foreign value in a message


class FilledNode(yaml.ScalarNode):
    """A scalar whose text a template made: text where text is wanted, else what it reads as."""

    def __init__(self, old: yaml.Node, text: str, *, secret: bool) -> None:
        super().__init__("", text, old.start_mark, old.end_mark, style="filled")
        self.secret = secret


class Cursor:
    """One node of a file's tree. `file`: what errors call the file."""

    __slots__ = ("_node", "file")

    def __init__(self, node: yaml.Node, file: str) -> None:
        self._node = node
        self.file = file

    def __str__(self) -> str:
        """The text of a scalar as it is written, whatever its type: for keys and messages."""
        return str(self._node.value)

    @property
    def where(self) -> Where:
        mark = self._node.start_mark
        return Where(self.file, mark.line + 1, mark.column + 1)

    @property
    def secret(self) -> bool:
        """Tagged `!secret`: the text names a secret."""
        return bool(self._node.tag == "!secret")

    @property
    def tainted(self) -> bool:
        """Made from a secret."""
        return isinstance(self._node, FilledNode) and self._node.secret

    @property
    def made(self) -> bool:
        """Made by a template."""
        return isinstance(self._node, FilledNode)

    @property
    def node(self) -> yaml.Node:
        return self._node

    @property
    def block(self) -> bool:
        """A literal or folded scalar: its text starts on the next line of the file."""
        return isinstance(self._node, yaml.ScalarNode) and self._node.style in ("|", ">")

    @property
    def is_table(self) -> bool:
        return isinstance(self._node, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        return isinstance(self._node, yaml.SequenceNode)

    @property
    def is_nothing(self) -> bool:
        return self._kind() == "nothing"

    def found(self) -> str:
        """What stands here, for people: `a list`, `text 'abc'`."""
        kind = "a secret" if self.tainted else self._kind()
        if kind in ("a table", "a list", "nothing", "a secret"):
            return kind
        text = str(self._node.value)
        text = text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
        return f"{kind} {text!r}" if kind == "text" else f"{kind} {text}"

    def bad(self, message: str, *, notes: tuple[str, ...] = (), hint: str = "") -> InputError:
        """An error at this place, to raise."""
        return InputError(message, where=self.where, notes=notes, hint=hint)

    def wanted(self, wanted: str, what: str, *, hint: str = "") -> InputError:
        return self.bad(f"{what}: wanted {wanted}, found {self.found()}", hint=hint)

    @property
    def _bare(self) -> bool:
        """A plain scalar: neither quoted nor a block nor tagged."""
        return not getattr(self._node, "style", "") and self._node.tag == ""

    def _kind(self) -> str:
        node = self._node
        if isinstance(node, yaml.ScalarNode):
            if node.tag == "!secret":
                return "a secret"
            return scalar.kind(node.value) if self._bare else "text"
        return "a table" if isinstance(node, yaml.MappingNode) else "a list"

    def _reads_as(self) -> str:
        return scalar.kind(str(self._node.value)) if self.made else self._kind()

    def _plain(self, what: str) -> str:
        text = str(self._node.value)
        reason = scalar.surprise(text) if self._bare else ""
        if reason:
            raise self.bad(f"{what}: {reason}: {text}", hint=f"put it in quotes: '{text}'")
        return text
