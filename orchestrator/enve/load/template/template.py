"""Jinja2 templates: sandboxed, strict about undefined names, bounded, errors with their place.

A template is compiled once. `names` says what it looks at, so that equal inputs are rendered once:
variables by name, and of `spot`, `node` and `facts` which attribute (`spot.dir`).
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jinja2 import (
    BaseLoader,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
    meta,
    nodes,
)
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from enve.core.suggest import did_you_mean
from enve.errors import InputError, Where
from enve.load.template.effort import Budget, Effort

MOST = 1 << 20  # characters that one template may make
POWER = 64
TOO_LARGE = "it makes too large a value"
SPECIAL = ("spot", "node", "facts")  # values that differ from spot to spot and node to node
ANYTHING = "*"  # in `names`: nobody knows what it looks at


class MissingFacts(Exception):
    """A template asks for facts of a node that nobody has gathered. `args[0]`: what it asked."""


class _Sandbox(ImmutableSandboxedEnvironment):
    """Nothing here may take all memory: `'x' * 10 ** 9` is refused before it is made."""

    intercepted_binops = frozenset(("*", "**"))

    def __init__(self, budget: Budget | None, **options: Any) -> None:
        super().__init__(**options)
        self.budget = budget
        self.effort = Effort(budget)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        number = next((value for value in (left, right) if isinstance(value, int)), 0)
        sized = (value for value in (left, right) if isinstance(value, (str, list, tuple)))
        size = next(map(len, sized), 0)
        power = operator == "**" and not (isinstance(right, (int, float)) and abs(right) <= POWER)
        if power or size * number > MOST:
            raise SecurityError(f"{operator} would make too large a value")
        return super().call_binop(context, operator, left, right)


class Template:
    """One compiled text. `place(line)` says where a line of it stands."""

    def __init__(
        self, environment: _Sandbox, text: str, name: str, place: Callable[[int], Where]
    ) -> None:
        self._place = place
        self._name = name
        self._effort = environment.effort
        self._budget = environment.budget
        try:
            with self._effort:
                tree = environment.parse(text, name=name, filename=name)
                self.names = frozenset(_names(tree))
                code = environment.compile(tree, name=name, filename=name)
        except TemplateSyntaxError as error:
            raise self._bad(error.message or "not a template", error.lineno, "") from None
        except TemplateError as error:
            raise self._bad(error.message or str(error), 1, "") from None
        except (SyntaxError, RecursionError):  # Python's, of the code that Jinja2 makes of it
            raise self._bad("nested too deeply", 1, "") from None
        except MemoryError:
            raise self._bad(TOO_LARGE, 1, "") from None
        self._template = environment.template_class.from_code(
            environment, code, environment.make_globals(None)
        )

    def render(self, context: Mapping[str, Any]) -> str:
        """The text. Raises InputError at the line that is wrong, or MissingFacts."""
        try:
            with self._effort:
                text = _bounded(self._template.generate(context))
            if self._budget is not None:
                self._budget.spend(len(text))
            return text
        except MissingFacts:
            raise
        except UndefinedError as error:
            raise self._undefined(error, context) from None
        except TemplateError as error:
            raise self._bad(error.message or str(error), self._line(error), "") from None
        except MemoryError as error:
            raise self._bad(TOO_LARGE, self._line(error), "") from None
        except Exception as error:  # whatever a filter makes of what it was given
            message = f"{type(error).__name__}: {error}"
            raise self._bad(message, self._line(error), "") from None

    def _undefined(self, error: UndefinedError, context: Mapping[str, Any]) -> InputError:
        message = str(error.message)
        name = message.split("'")[1] if message.startswith("'") else ""
        known = [*context, *context.get("nodes", ())] if "nodes" in context else list(context)
        wanted = message.rsplit("'", 2)[1] if "has no attribute" in message else name
        return self._bad(message, self._line(error), did_you_mean(wanted, known))

    def _line(self, error: BaseException) -> int:
        """The template's line: the innermost frame that the template's code was in."""
        frames = traceback.extract_tb(error.__traceback__)
        return next((f.lineno or 1 for f in reversed(frames) if f.filename == self._name), 1)

    def _bad(self, message: str, line: int, hint: str) -> InputError:
        return InputError(f"template: {message}", where=self._place(line), hint=hint)


def _bounded(pieces: Iterator[str]) -> str:
    found, size = [], 0
    for piece in pieces:
        found.append(piece)
        size += len(piece)
        if size > MOST:
            raise SecurityError(f"the template makes more than {MOST >> 20} MiB")
    text = "".join(found)
    text.encode()  # half a character is none
    return text


def _names(tree: nodes.Template) -> set[str]:
    """What the template takes from outside, attributes of SPECIAL apart."""
    names = set(meta.find_undeclared_variables(tree))
    if next(meta.find_referenced_templates(tree), "") != "":
        return {ANYTHING}
    for special in SPECIAL:
        if special in names:
            names = (names - {special}) | _attributes(tree, special)
    return names


def _attributes(tree: nodes.Template, name: str) -> set[str]:
    """`{"spot.dir"}` when only that is used, `{"spot.*"}` when anything may be."""
    found = {
        f"{name}.{get.attr}"
        for get in tree.find_all(nodes.Getattr)
        if isinstance(get.node, nodes.Name) and get.node.name == name
    }
    used = sum(node.name == name for node in tree.find_all(nodes.Name))
    direct = sum(
        isinstance(get.node, nodes.Name) and get.node.name == name
        for get in tree.find_all(nodes.Getattr)
    )
    return found if used == direct else {f"{name}.*"}


class Templates:
    """Compiles texts that stand in files, and template files below one folder. `loader`: what
    finds the files that they include, if not any file below it; `budget`: what they may use up with
    others together."""

    def __init__(
        self, folder: Path, loader: BaseLoader | None = None, budget: Budget | None = None
    ) -> None:
        options: dict[str, Any] = {
            "undefined": StrictUndefined,
            "loader": loader or FileSystemLoader(folder),  # {% include %}: below it only
            "autoescape": False,
            "cache_size": 50,
        }
        self._values = _Sandbox(budget, **options)
        self._files = _Sandbox(budget, **options, keep_trailing_newline=True, trim_blocks=True)
        self._compiled: dict[str, Template] = {}

    def value(self, text: str, where: Where, block: bool) -> Template:
        """A text in a YAML file. `block`: it starts on the line after `where`."""
        return Template(self._values, text, f"<{where}>", _place(where, block))

    def content(self, text: str, where: Where, block: bool) -> Template:
        """One that is a file's content: it keeps the end of its last line."""
        return Template(self._files, text, f"<{where}>", _place(where, block))

    def file(self, path: Path, text: str) -> Template:
        """A template file."""
        name = str(path)
        if name not in self._compiled:
            self._compiled[name] = Template(
                self._files, text, name, lambda line: Where(name, line, 1)
            )
        return self._compiled[name]


def _place(where: Where, block: bool) -> Callable[[int], Where]:
    return lambda line: Where(where.file, where.line + line, 1) if block else where


def is_template(text: str) -> bool:
    return "{{" in text or "{%" in text or "{#" in text
