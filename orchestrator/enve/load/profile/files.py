"""The config files of a profile's setup: a text, a template beside the profile, or a copy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2.exceptions import SecurityError

from enve.load.plan.content import PRIVATE, PUBLIC
from enve.load.profile.compound import Keyed
from enve.load.profile.folder import Unreadable
from enve.load.profile.kinds import Kind, Mode, Private, Text, whole
from enve.load.profile.merge import Part, place
from enve.load.profile.reader import Reader
from enve.load.template.template import Template
from enve.load.yaml.cursor import FilledNode
from enve.load.yaml.item import Item

_SOURCES: dict[str, Kind] = {
    "template": Private().said("Its text, with templates in it; `!secret NAME` is a text too."),
    "template_file": Text().said("A file beside the profile that is a template."),
    "copy": Text().said("A file beside the profile, taken as it is; UTF-8."),
}
_KEYS: dict[str, Kind] = {
    "path": Text().said("Where it comes: below the prefix, or absolute within the root."),
    "mode": Mode().said("Permission bits; 0644, of a secret 0600."),
    "owner": Text().said("Whose it is."),
}


class SetupFile(Keyed):
    """One of `setup.files`."""

    def __init__(self) -> None:
        super().__init__({**_KEYS, **_SOURCES}, ("path",))

    def read(self, reader: Reader, part: Part, what: str, path: str) -> Any:
        reader.at(path, part)
        parts = self.parts(part, what)
        named = [name for name in _SOURCES if name in parts]
        if len(named) != 1:
            wanted = " ".join(_SOURCES)
            raise place(part).bad(f"{what}: wanted one of {wanted}, found {len(named)}")
        found = {
            name: kind.read(reader, parts[name], f"{name} of {what}", f"{path}.{name}")
            for name, kind in _KEYS.items()
            if name in parts
        }
        content, secret = self._content(reader, named[0], parts[named[0]], what, path)
        reader.at(f"{path}.content", parts[named[0]])
        if secret and found.get("mode", PRIVATE) != PRIVATE:
            raise place(parts["mode"]).bad(
                f"{what}: a secret has the mode 0600", hint="`owner` says who reads it"
            )
        found.setdefault("mode", PRIVATE if secret else PUBLIC)
        return {**found, "content": content, **({"secret": True} if secret else {})}

    def _content(
        self, reader: Reader, source: str, part: Part, what: str, path: str
    ) -> tuple[str, bool]:
        item = whole(part, what)
        if source == "template":
            if item.secret or isinstance(item.node, FilledNode):
                return reader.text(item, what, path)
            text = item.text(what, empty=True, controls=True)
            return _render(reader, _written(reader, item, text), path)
        name = reader.fill(item, path).text(what)
        text = _beside(reader, item, name, what)
        if source == "copy":
            return text, False
        return _render(reader, _compiled(reader, item, name, text), path)


def _written(reader: Reader, item: Item, text: str) -> Template:
    return reader.shop.templates(item).content(text, item.where, item.block)


def _compiled(reader: Reader, item: Item, name: str, text: str) -> Template:
    return reader.shop.templates(item).file(Path(item.file).parent / name, text)


def _beside(reader: Reader, item: Item, name: str, what: str) -> str:
    try:
        text = reader.shop.beside.file(Path(item.file).parent, name).decode()
        reader.shop.budget.spend(len(text))
        return text
    except Unreadable as error:
        raise item.bad(f"{what}: {error}") from None
    except SecurityError as error:
        raise item.bad(f"{what}: {error}") from None
    except UnicodeDecodeError:
        hint = "a config file is text; let build or a command of setup bring the rest"
        raise item.bad(f"{what}: {name} is not UTF-8", hint=hint) from None


def _render(reader: Reader, template: Template, path: str) -> tuple[str, bool]:
    """The content, and whether it is a secret."""
    reader.uses(path, template.names)
    content = template.render(reader.scope.context(template.names))
    secret = not reader.scope.secret.isdisjoint(template.names)
    if secret:
        reader.hide(content)
    return content, secret
