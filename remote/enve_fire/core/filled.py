"""`$NAME` and `${NAME}` in the words of a command that no shell reads: `$ROOT$PREFIX/etc/app.conf`.

Only names that a stage has are filled in; others, such as `$MAINPID`, stay as they are, and `$$` is
a dollar sign.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SHELL = ("/bin/sh", "-c")
_NAMED = re.compile(r"\$(?:\$|([A-Z_][A-Z0-9_]*)|\{([A-Z_][A-Z0-9_]*)\})")


def words(words: Sequence[str], names: Mapping[str, str]) -> list[str]:
    """A command for the shell stays as it is: it has the names in its environment, and means its
    own number by `$$`."""
    if tuple(words[:2]) == SHELL:
        return list(words)
    return [text(word, names) for word in words]


def text(text: str, names: Mapping[str, str]) -> str:
    """With the values of these names; other variables stay, and `$$` is `$`."""

    def filled(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        return names.get(name, found[0]) if name else "$"

    return _NAMED.sub(filled, text)
