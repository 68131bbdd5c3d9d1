"""What the profiles of one product, and of all that it needs, are made with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import FunctionLoader

from enve.load.profile.folder import Beside, Unreadable
from enve.load.profile.secret import Lent
from enve.load.template.effort import Budget
from enve.load.template.filler import Filler
from enve.load.template.template import Templates
from enve.load.yaml.item import Item


class Workshop:
    """What profiles are made with: templates of each folder, secrets, the files read, and what one
    product with all that it needs may use up."""

    def __init__(self, secrets: Lent, beside: Beside, budget: Budget) -> None:
        self.budget = budget
        self.secrets = secrets
        self.beside = beside
        self._templates: dict[Path, Templates] = {}
        self._fillers: dict[int, tuple[Item, Filler]] = {}

    def templates(self, item: Item) -> Templates:
        """Those of the folder that the item's file lies in; they may include its files."""
        folder = Path(item.file).parent
        if folder not in self._templates:
            loader = FunctionLoader(self._loader(folder))
            self._templates[folder] = Templates(folder, loader, self.budget)
        return self._templates[folder]

    def _loader(self, folder: Path) -> Any:
        def load(name: str) -> str | None:
            try:
                return self.beside.file(folder, name).decode()
            except (Unreadable, UnicodeDecodeError):
                return None

        return load

    def filler(self, item: Item) -> Filler:
        """Compiled once for each place."""
        key = id(item.node)
        if key not in self._fillers:  # the item is kept: its id stays its own
            self._fillers[key] = (item, Filler(item, self.templates(item)))
        return self._fillers[key][1]
