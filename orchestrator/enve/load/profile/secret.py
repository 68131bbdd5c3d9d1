"""Secrets as profiles see them: by name. A profile is somebody else's, so it never says how one is
read; that says the plan alone, or the file of `--secrets`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from enve.load.secret import Secrets
from enve.load.yaml.item import Item


class Lent(Protocol):
    """Secrets that a product may name."""

    def value(self, item: Item) -> str:
        """The secret that `!secret NAME` stands for. Raises InputError."""


# Where no plan gives it.
GIVE = "--secrets FILE gives it; FILE reads `NAME: {file: ...}`, {env: ...} or {command: [...]}"


class ByName:
    """All of a file that is meant for one product."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def value(self, item: Item) -> str:
        return self._secrets.named(item)


class Handed:
    """Those of a plan. What stands in the plan itself may name each; a product's own file only the
    `names` that are handed to it."""

    def __init__(self, secrets: Secrets, plan: str, names: Collection[str]) -> None:
        self._secrets = secrets
        self._plan = plan
        self._names = names

    def value(self, item: Item) -> str:
        if item.file != self._plan and str(item) not in self._names:
            raise item.bad(
                f"the product wants the secret {str(item)!r}, and is not given it",
                hint=f"give it in the plan: commit: {{url: ..., secrets: [{item}]}}",
            )
        return self._secrets.named(item)


class Nothing:
    """For a product that another one needs."""

    def value(self, item: Item) -> str:
        raise item.bad(
            "a product that another one needs gets no secret",
            hint="the product that needs it gives what it has to know by `config`, without secrets",
        )


class Shown:
    """Told by their names and not read: for looking at what they are used in."""

    def value(self, item: Item) -> str:
        return f"(secret {item})"
