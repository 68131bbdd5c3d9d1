"""Where in a plan's file a spot stands, and who signed it, as this machine remembers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from enve.app.history import Entry, History
from enve.core.resolve import names_of
from enve.core.terms import GROUP
from enve.errors import UsageError
from enve.model.site import Domain
from enve_pm.core import address


class Origins:
    """Of one domain. `folder`: its histories, one folder a lane."""

    def __init__(self, folder: Path, domain: Domain) -> None:
        self._domain = domain
        self._known: dict[str, Entry] = {}
        for lane in sorted(folder.glob("*")) if folder.is_dir() else ():
            for entry in History(lane).entries():
                name = f"{entry.signed.head.plan}#{entry.signed.serial}"
                self._known.setdefault(name, entry)

    def of(self, spot: str, node: str, plan: str) -> str:
        """`plan.yml:14:3`; "" where the plan was signed elsewhere, or long ago."""
        entry = self._known.get(plan.partition(" ")[0])
        return self._find(entry.origins, spot, node) if entry is not None else ""

    def signer(self, plan: str) -> str:
        """The name of whoever signed it; "" where it is not known here."""
        entry = self._known.get(plan.partition(" ")[0])
        return entry.signed.signer_name if entry is not None else ""

    def _find(self, origins: Mapping[str, str], spot: str, node: str) -> str:
        names = (node, *address.parse(spot))
        return next((where for text, where in origins.items() if self._fits(text, names)), "")

    def _fits(self, text: str, names: tuple[str, ...]) -> bool:
        try:
            if text.startswith(GROUP):
                group, _, rest = text.partition(".")
                below = address.Pattern.parse(rest)
                return names[0] in names_of(self._domain, group) and below.match(names[1:])
            return address.Pattern.parse(text).match(names)
        except (address.AddressError, UsageError):
            return False
