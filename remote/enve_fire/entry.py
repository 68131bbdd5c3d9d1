"""From the words of a command line to what does them, by one literal table."""

from __future__ import annotations

import os
import sys

from enve_fire.core.trouble import FULL, USAGE, Trouble, troubled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Command = Callable[[Sequence[str]], int]

# word: the module of enve_fire.verb whose `main(words) -> exit status` does it
COMMANDS: dict[str, str] = {
    "_pack": "packing",
    "makepkg": "makepkg",
    "fetch": "fetch",
    "fire": "fire",
    "store": "store.store",
    "unit": "unit",
    "verify": "verify",
}


def main(words: Sequence[str]) -> int:
    """Run one command line; the exit status. Every error is printed here."""
    try:
        code = _command(list(words))
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _no_more_output()
        return 141
    except Exception as error:
        if isinstance(error, OSError) and error.errno in FULL:
            _no_more_output()
        return _told(troubled(error))


def _command(words: list[str]) -> int:
    name = COMMANDS.get(words[0]) if words else None
    if name is None:
        raise Trouble(USAGE, "wanted one of %s" % (" ".join(COMMANDS) or "no command yet"))
    module = __import__("enve_fire.verb." + name, fromlist=["main"])  # importlib takes longer
    command: Command = module.main
    return command(words[1:])


def _no_more_output() -> None:
    """Nobody reads, or there is no room for it: no second complaint at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _told(trouble: Trouble) -> int:
    """In it may stand what a server or a product says."""
    from enve_pm.client import plain

    lines = ["error: " + trouble.message]
    if trouble.hint:
        lines.append("  " + trouble.hint)
    if trouble.log:
        lines.append("  all that was printed: " + trouble.log)
    print(plain.text("\n".join(lines)), file=sys.stderr)
    return trouble.code
