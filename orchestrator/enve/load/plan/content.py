"""The config files of a spot: made by a template, copied, written in the plan, or a secret."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from enve.load.secret import Secrets, is_secret
from enve.load.template.template import ANYTHING, Template, Templates, is_template
from enve.load.yaml.item import Item
from enve.model.plan import Blob

KEYS = ("template", "copy", "content", "mode")
SUFFIX = ".j2"
BYTES = 1 << 20  # of one config file
_MODE = re.compile(r"0?o?([0-7]{3})")
PUBLIC, PRIVATE = 0o644, 0o600


class File(NamedTuple):
    """One config file: its entry in the line, and its body."""

    mode: int
    blob: Blob
    secret: frozenset[str]  # values that must not be shown


class Files:
    """Makes the files of spots. `folder`: where their paths start."""

    def __init__(self, folder: Path, templates: Templates, secrets: Secrets) -> None:
        self._folder = folder
        self._templates = templates
        self._secrets = secrets
        self._read: dict[Path, bytes] = {}

    def names(self, item: Item, what: str) -> frozenset[str]:
        """What the templates of a spot's `files` look at; their paths may be templates too."""
        found: set[str] = set()
        for key, value in item.entries(what):
            path = self._template_path(value, f"file {str(key)!r}")
            if path is not None and is_template(str(path)):
                return frozenset((ANYTHING,))
            if path is not None:
                found |= self._template(path, f"file {str(key)!r}").names
        return frozenset(found)

    def _template_path(self, item: Item, what: str) -> Item | None:
        if item.is_table:
            if is_secret(item):
                return None
            return item.table(what, KEYS).get("template")
        plain = not item.secret and not item.is_list and str(item).endswith(SUFFIX)
        return item if plain else None

    def make(
        self, item: Item, what: str, context: Mapping[str, Any], tainting: frozenset[str]
    ) -> File:
        """One entry of `files`, filled in."""
        if is_secret(item):
            return _file(self._secrets.value(item).encode(), True, None)
        if not item.is_table:
            kind = "template" if str(item).endswith(SUFFIX) else "copy"
            return _file(*self._body(kind, item, what, context, tainting), None)
        table = item.table(what, KEYS)
        sources = [key for key in KEYS[:3] if key in table]
        if len(sources) != 1:
            raise item.bad(f"{what}: wanted one of {' '.join(KEYS[:3])}, found {len(sources)}")
        source = table[sources[0]]
        mode = octal(table["mode"], f"mode of {what}", "0644") if "mode" in table else None
        return _file(*self._body(sources[0], source, what, context, tainting), mode)

    def _body(
        self,
        kind: str,
        source: Item,
        what: str,
        context: Mapping[str, Any],
        tainting: frozenset[str],
    ) -> tuple[bytes, bool]:
        """The bytes, and whether they hold a secret."""
        secret = source.tainted
        if kind == "content" and is_secret(source):
            data, secret = self._secrets.value(source).encode(), True
        elif kind == "content":
            data = source.text(what, empty=True, controls=True).encode()
        elif kind == "copy":
            data = self._bytes(source, what)
        else:
            template = self._template(source, what)
            secret = secret or not tainting.isdisjoint(template.names)
            data = template.render(context).encode()
        if len(data) > BYTES:
            raise source.bad(f"{what} has more than {BYTES} bytes", hint="push it")
        return data, secret

    def _template(self, source: Item, what: str) -> Template:
        data = self._bytes(source, what)
        try:
            return self._templates.file(self._path(source, what), data.decode())
        except UnicodeDecodeError:
            raise source.bad(f"{what}: the template is not UTF-8") from None

    def _path(self, source: Item, what: str) -> Path:
        return self._folder / Path(source.text(what)).expanduser()

    def _bytes(self, source: Item, what: str) -> bytes:
        path = self._path(source, what)
        if path not in self._read:
            try:
                with path.open("rb") as stream:
                    self._read[path] = stream.read(BYTES + 1)
            except OSError as error:
                reason = error.strerror or str(error)
                raise source.bad(f"{what}: cannot read {path}: {reason}") from None
        return self._read[path]


def _file(data: bytes, secret: bool, mode: int | None) -> File:
    digest = hashlib.sha256(data).hexdigest()
    blob = Blob(digest, len(data), data=data, secret=secret)
    hidden = frozenset((data.decode("utf-8", "replace"),)) if secret else frozenset()
    return File(mode if mode is not None else PRIVATE if secret else PUBLIC, blob, hidden)


def octal(item: Item, what: str, example: str) -> int:
    """Permission bits as chmod takes them; quotes make no difference."""
    match = None if item.is_table or item.is_list else _MODE.fullmatch(str(item))
    if match is None:
        raise item.wanted(f"permission bits such as {example}", what)
    return int(match[1], 8)
