"""Secrets as profiles see them: by name. A profile is somebody else's, so it never says how one is
read; that says the plan alone, or the file of `--secrets`.
"""

from __future__ import annotations

from typing import Protocol

from enve.load.item import Item
from enve.load.secret import Secrets


class Lent(Protocol):
    def value(self, item: Item) -> str:
        """The secret that `!secret NAME` stands for. Raises InputError."""


class ByName:
    """Those of a plan, or of a file."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def value(self, item: Item) -> str:
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
