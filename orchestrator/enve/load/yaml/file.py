"""Reads one YAML file into a tree whose every node knows its line and column.

What is foreign or dangerous stops here, with a clear error: files that are too big, bytes that are
not UTF-8, tags that construct things, deep nests, trees that their aliases blow up, recursion.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from yaml._yaml import CParser

from enve.errors import InputError, Where
from enve.load.yaml.bounds import Bounds
from enve.load.yaml.item import Item

BYTES = 16 << 20  # of one file
DEPTH = 64
VALUES = 2_000_000  # keys among them: some 350 bytes of memory each


class _Parser(CParser):
    """libyaml's parser without PyYAML's guesses at types: `scalar` judges the text itself."""

    def resolve(self, *_: object) -> str:
        return ""

    depth = 0
    values = 0

    def descend_resolver(self, parent: yaml.Node | None, _: object) -> None:
        self.depth += 1
        self.values += 1
        if parent is not None and (self.depth > DEPTH or self.values > VALUES):
            deep = f"nested more than {DEPTH} deep"
            problem = deep if self.depth > DEPTH else f"more than {VALUES} values in one file"
            raise yaml.composer.ComposerError(None, None, problem, parent.start_mark)

    def ascend_resolver(self) -> None:
        self.depth -= 1


def read_yaml(path: Path | str) -> Item:
    """The root of the file's tree. Raises InputError."""
    return parse_yaml(read_bytes(Path(path)), str(path))


def parse_yaml(data: bytes, file: str) -> Item:
    """The root of a text's tree; `file` is what errors call it."""
    text = _text(data, file)
    try:
        root = _compose(text)
    except yaml.MarkedYAMLError as error:
        raise _syntax(error, text, file) from None
    except yaml.reader.ReaderError as error:
        raise _unfit(error, text, file) from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"not YAML: {error}".replace("\n", " "), where=Where(file)) from None
    if root is None:
        raise InputError("the file is empty", where=Where(file))
    if "!" in text or ("&" in text and "*" in text):  # without them there is nothing to bound
        Bounds(file).visit(root, root)
    return Item(root, file)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Without the collector. It would walk what grows (tens of thousands of small objects that are
    kept, none of them in a circle) again and again: 80 % of the time of a big file."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _compose(text: str) -> yaml.Node | None:
    with undisturbed():
        node: yaml.Node | None = _Parser(text).get_single_node()
        return node


def read_bytes(path: Path) -> bytes:
    """A file that is to be read as YAML. Raises InputError."""
    try:
        with path.open("rb") as stream:
            data = stream.read(BYTES + 1)
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror or error}", where=Where(str(path))
        ) from None
    if len(data) > BYTES:
        raise InputError(f"larger than {BYTES >> 20} MiB", where=Where(str(path)))
    return data


def _text(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        lines = data[: error.start].split(b"\n")
        raise InputError(
            f"not UTF-8: byte 0x{data[error.start]:02x}",
            where=Where(file, len(lines), len(lines[-1]) + 1),
            hint="save the file as UTF-8",
        ) from None


def _unfit(error: yaml.reader.ReaderError, text: str, file: str) -> InputError:
    """A sign that no YAML file may hold as it is; libyaml counts in bytes."""
    lines = text.encode()[: error.position].decode(errors="ignore").split("\n")
    return InputError(
        f"not YAML: the control character #x{error.character:02x}",
        where=Where(file, len(lines), len(lines[-1]) + 1),
        hint=f'take it out; within "" it is written \\u{error.character:04x}',
    )


_SPECIAL = ("an alias", "an anchor", "undefined alias", "a directive", "cannot start any token")
_TEMPLATE = re.compile(r"[:\[,{-]\s*[^\"'\s][^\"']*\{\{|:\s*\{\{")


def _syntax(error: yaml.MarkedYAMLError, text: str, file: str) -> InputError:
    """libyaml's complaint in one line, at its place, with the usual causes named."""
    lines = text.splitlines()
    marks = [mark for mark in (error.problem_mark, error.context_mark) if mark]
    within = [mark for mark in marks if mark.line < len(lines)]  # not the end of the file
    line, column = (within[0].line, within[0].column) if within else (-1, -1)
    parts = [part for part in (error.context, error.problem) if part]
    near = lines[max(0, line - 1) : line + 1] if line >= 0 else []
    return InputError(
        "not YAML: " + ", ".join(parts),
        where=Where(file, line + 1, column + 1),
        notes=_begun(error.context_mark, line, file),
        hint=_cause(" ".join(parts), near),
    )


def _begun(mark: yaml.Mark | None, line: int, file: str) -> tuple[str, ...]:
    """Where the mistake is, more often than not: a bracket that is never closed."""
    if mark is None or mark.line == line:
        return ()
    return (f"that begins at {Where(file, mark.line + 1, mark.column + 1)}",)


def _cause(problem: str, near: list[str]) -> str:
    if any("\t" in line[: len(line) - len(line.lstrip())] for line in near):
        return "indent with blanks: YAML allows no tabs there"
    if any(_TEMPLATE.search(line) for line in near):
        return "a value with {{ }} inside { } or [ ], or at its start, must stand in quotes"
    if any(word in problem for word in _SPECIAL):
        return "what begins with * & % @ or ` must stand in quotes, names too: '*.web':"
    if "nesting depth" in problem or f"{DEPTH} deep" in problem:
        return "nothing here is nested so deeply"
    if "single document" in problem:
        return "one file holds one document: remove the second `---`"
    return ""
