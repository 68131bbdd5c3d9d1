"""From what was asked for to one table: the layers of a profile, laid over each other."""

from __future__ import annotations

from enve.core.suggest import did_you_mean
from enve.errors import InputError
from enve.load.profile.compound import WHOLE
from enve.load.profile.dep import Asked
from enve.load.profile.form import FORM, LAYER
from enve.load.profile.merge import Branch, Keys, Part, branch, is_nothing, merge, nested
from enve.load.yaml.file import parse_yaml
from enve.load.yaml.item import Item

CHECKOUT = "checkout."
_EMPTY = parse_yaml(b"{}", "")
DEFAULT = "default"  # the name of what stands at the top; it may have a layer too


def layered(root: Item, asked: Asked) -> Branch:
    """The merged table, not rendered yet. Raises InputError."""
    FORM.known(root, WHOLE)
    found: Part = branch(root, WHOLE)
    for name in asked.profiles:
        layer = _named(root, name)
        if layer is not None:
            found = merge(LAYER, found, layer, WHOLE)
    if asked.config is not None:
        LAYER.known(asked.config, "config")
        found = merge(LAYER, found, asked.config, WHOLE)
    table = branch(found, WHOLE)
    table.keys.pop("profiles", None)
    for path, value in asked.sets:
        table = branch(merge(LAYER, table, _set(table, path, value), WHOLE), WHOLE)
    return table


def above(asked: Asked) -> Branch:
    """The merged table without the product's own file, of which nothing is known yet."""
    if asked.inline is not None:
        return layered(asked.inline, asked)
    sets = tuple(one for one in asked.sets if one[0].startswith(CHECKOUT))
    return layered(_EMPTY, Asked(config=asked.config, sets=sets))


def strays(root: Item, asked: Asked, unused: frozenset[str]) -> None:
    """A variable of `config` that the profile does not have and that nothing uses is a typo. Raises
    InputError."""
    if asked.config is None:
        return
    known = _variables(layered(root, asked._replace(config=None, sets=())))
    for name, (key, _) in _variables(branch(asked.config, "config")).items():
        if name in unused and name not in known:
            hint = did_you_mean(name, known, "nothing in the profile uses it")
            raise key.bad(f"the profile has no variable {name!r}", hint=hint)


def _variables(table: Branch) -> Keys:
    found = table.keys.get("vars")
    return {} if found is None or is_nothing(found[1]) else branch(found[1], "vars").keys


def _named(root: Item, name: str) -> Part | None:
    known = _layers(root)
    if name in known:
        return None if is_nothing(known[name][1]) else known[name][1]
    if name == DEFAULT:
        return None
    has = " ".join(known) or "none"
    raise root.bad(
        f"no profile is called {name!r}", hint=did_you_mean(name, known), notes=(f"it has: {has}",)
    )


def named(root: Item) -> tuple[str, ...]:
    """The profiles that a file has, beside what stands at its top."""
    return tuple(_layers(root))


def _layers(root: Item) -> Keys:
    found = branch(root, WHOLE).keys.get("profiles")
    return {} if found is None or is_nothing(found[1]) else branch(found[1], "profiles").keys


def _set(table: Branch, path: str, value: Item) -> Branch:
    """`NAME=V` sets a variable, `KEY.KEY=V` a key."""
    variables = _variables(table)
    if path in variables:
        return nested(f"vars.{path}", value)
    kind = LAYER.below(path.partition(".")[0])
    if kind is None or (kind.merges and "." not in path):
        raise _unset(path, [*variables, *LAYER.keys], value)
    layer = nested(path, value)
    LAYER.known(layer, f"set {path}")
    return layer


def _unset(path: str, known: list[str], value: Item) -> InputError:
    return value.bad(
        f"nothing to set is called {path!r}",
        hint=did_you_mean(path, known, "a variable of the profile, or a key such as build.network"),
    )
