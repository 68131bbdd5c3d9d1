"""Commands in files: a line that is split like a shell does (but not run by one), a list of words,
or `{sh: TEXT}` for the shell.

A line is split before its templates are filled in: a value with blanks stays one word.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable, Mapping

import yaml

from enve.load.yaml.item import Item

SHELL = ("/bin/sh", "-c")
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_HELD = re.compile("\ue000(\\d+)\ue001")
_OPERATORS = frozenset(("|", "||", "&", "&&", ";", "<", "<<", ">", ">>", "2>", "2>&1"))
_VARIABLE = re.compile(r"\$(\w+|\{\w+\})")
_KILL = re.compile(r"(?:/bin/)?kill\s+(?:-s\s+|-)(?:SIG)?([A-Z][A-Z0-9]+)\s+\$\{?MAINPID\}?")


def words(item: Item, what: str, known: Collection[str] = ()) -> Item:
    """The command as a list of words; their templates are not filled in yet. `known`: variables
    that are filled in without a shell."""
    if item.is_list:
        return item
    if item.is_table:
        text = item.table(what, ("sh",)).get("sh")
        if text is None:
            raise item.bad(f"{what}: an empty table", hint="{sh: TEXT}")
        text.text(what)
        return shell(text)
    if item.secret:
        return item  # refused where it is read
    return _list(item, split(item.text(what), item, what, known))


def shell(item: Item) -> Item:
    """A line that a shell runs."""
    return _list(item, SHELL, item.node)


def reload_words(item: Item, what: str, known: Collection[str] = ()) -> Item:
    """`reload`: a command too; `kill -HUP $MAINPID` is a signal, and needs no command."""
    if item.is_table and any(str(key) == "signal" for key, _ in item.entries(what)):
        return item
    if item.is_table or item.is_list:
        return words(item, what, known)
    text = item.text(what)
    kill = _KILL.fullmatch(text.strip())
    if kill:
        signal = [(_scalar(item, "signal"), _scalar(item, kill[1]))]
        node = yaml.MappingNode("", signal, item.node.start_mark, item.node.end_mark)
        return Item(node, item.file)
    return shell(item) if "$MAINPID" in text else words(item, what, known)


def split(text: str, item: Item, what: str, known: Collection[str] = ()) -> list[str]:
    """The words of a line; templates stay whole."""
    held: list[str] = []

    def hold(match: re.Match[str]) -> str:
        held.append(match[0])
        return f"\ue000{len(held) - 1}\ue001"

    try:
        found = shlex.split(_TEMPLATE.sub(hold, text))
    except ValueError as error:
        raise item.bad(f"{what}: {str(error).lower()}", hint="close the quotes") from None
    for word in found:
        if word in _OPERATORS or (_VARIABLE.fullmatch(word) and word.strip("${}") not in known):
            raise item.bad(
                f"{what} is not run by a shell: {word!r} would be a plain argument",
                hint="use {sh: TEXT} for a shell's line, {{ NAME }} for a value, or a list",
            )
    return [_HELD.sub(lambda match: held[int(match[1])], word) for word in found]


def _list(item: Item, texts: Iterable[str], *more: yaml.Node) -> Item:
    nodes = [*(_scalar(item, text) for text in texts), *more]
    return Item(yaml.SequenceNode("", nodes, item.node.start_mark, item.node.end_mark), item.file)


def _scalar(item: Item, text: str) -> yaml.ScalarNode:
    old = item.node
    return yaml.ScalarNode("", text, old.start_mark, old.end_mark, style='"')


def argv(item: Item, what: str) -> list[str]:
    """The words as text, once they are filled in."""
    found = []
    for word in item.sequence(what):
        if word.secret or word.tainted:
            hint = "put it into `env` or a file"
            raise word.bad(f"{what}: a secret in a command is seen by every user", hint=hint)
        text = word.text(what, empty=True)
        if text or not word.made:  # a word that a template made empty is left out
            found.append(text)
    if not found or not found[0]:
        raise item.bad(f"{what} is empty")
    return found


def replaced(table: Item, values: Mapping[str, Item]) -> Item:
    """The table with other values for some of its keys."""
    pairs = [
        (key.node, values.get(str(key), value).node) for key, value in table.entries("a table")
    ]
    node = yaml.MappingNode("", pairs, table.node.start_mark, table.node.end_mark)
    return Item(node, table.file)


def without(table: Item, name: str) -> Item:
    """The table without one of its keys."""
    pairs = [(key.node, value.node) for key, value in table.entries("a table") if str(key) != name]
    node = yaml.MappingNode("", pairs, table.node.start_mark, table.node.end_mark)
    return Item(node, table.file)
