"""What follows a verb: its flags, and the other words."""

from __future__ import annotations

from enve_fire.core.trouble import USAGE, Trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping, Sequence


class Words:
    """`flags`: those that are known, and whether a value follows. `rest`: the other words;
    `command`: what stands behind `--`. Raises Trouble."""

    def __init__(self, words: Sequence[str], flags: Mapping[str, bool]) -> None:
        from enve_pm.shell.words import Failure, split

        found = list(words)
        at = found.index("--") if "--" in found else len(found)
        self.command = found[at + 1 :]
        try:
            self._options, self.rest = split(found[:at], flags)
        except Failure as failure:
            raise Trouble(USAGE, str(failure)) from None
        for flag, value in self._options.items():
            if flags[flag] and not value:  # of a variable that is not set, most likely
                raise Trouble(USAGE, "%s: wanted a value, found nothing" % flag)

    def text(self, flag: str, default: str = "") -> str:
        return self._options.get(flag, default)

    def has(self, flag: str) -> bool:
        return flag in self._options

    def takes(self, least: int, most: int, wanted: str) -> Sequence[str]:
        """So many other words, and no command. Raises Trouble."""
        if not least <= len(self.rest) <= most or self.command:
            raise Trouble(USAGE, "wanted " + wanted)
        return self.rest

    def format(self) -> str:
        """Of `-o`: table or json."""
        found = self.text("-o", "table")
        if found not in ("table", "json"):
            raise Trouble(USAGE, "-o: wanted table or json, found %r" % found)
        return found
