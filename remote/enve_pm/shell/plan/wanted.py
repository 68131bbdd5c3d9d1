"""What pm has to run: the lines of accepted plans under the blueprint of today, with what the
ceilings say put in; and the sub-pms that the blueprint lays out."""

from __future__ import annotations

from enve_pm.core import ceiling, pmlines, reading, stores
from enve_pm.core.canonical import dumps
from enve_pm.core.refusal import FormatError, Refused
from enve_pm.core.unit import UnitError
from enve_pm.shell.complain import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping

    from enve_pm.core.blueprint import Blueprint
    from enve_pm.shell.plan.install import Install


class Wanted:
    """Remembers per lane what came of each line, so that one change among a thousand costs one."""

    def __init__(self, install: Install, home: str) -> None:
        self._install = install
        self._home = home
        self._known: dict[str, tuple[Blueprint, dict[str, str]]] = {}  # "" = not allowed

    def lines(self, lane: str, lines: Mapping[str, str]) -> dict[str, str]:
        """{address below the node: line} as pm runs it, without what is not allowed any more.
        Raises Refused when the blueprint cannot be read."""
        blueprint = self._install.blueprint()
        of, known = self._known.get(lane, (blueprint, {}))
        known = known if of is blueprint else {}
        settled = {
            text: known[text] if text in known else self._settle(text, blueprint)
            for text in lines.values()
        }
        self._known[lane] = (blueprint, settled)
        return {name: settled[text] for name, text in lines.items() if settled[text]}

    def pms(self) -> dict[str, str]:
        """{address below the node: line} of every sub-pm that the blueprint lays out."""
        tree = self._install.blueprint().tree
        return {address: dumps(line).decode("utf-8") for address, line in pmlines.lines(tree)}

    def _settle(self, text: str, blueprint: Blueprint) -> str:
        """The line with its ceiling's user and limits; the same object where nothing is added."""
        try:
            spec = reading.read(text)
            ceiling.check(spec, blueprint.tree, self._home)
        except (Refused, UnitError, FormatError) as error:
            complain("pm: left out: %s" % error)
            return ""
        line = ceiling.settle(spec, blueprint.tree)
        line.update(stores.put(spec, blueprint, self._install.rings))
        return text if line == spec.raw else dumps(line).decode("utf-8")
