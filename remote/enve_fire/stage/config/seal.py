"""What is told of a secret: a sum that says whether it is the same, and lets nobody guess it."""

from __future__ import annotations

from enve_fire.core.laying import SEALED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Seal:
    """`seal(sum)`; the root's key is asked for when it is needed first."""

    def __init__(self, key: Callable[[], bytes]) -> None:
        self._ask = key
        self._key = b""

    def __call__(self, sum_: str) -> str:
        import hmac

        self._key = self._key or self._ask()
        return SEALED + hmac.new(self._key, sum_.encode(), "sha256").hexdigest()

    def spellings(self, sum_: str, known: Iterable[str]) -> list[str]:
        """As what a sum may stand among the known ones; none for nothing."""
        if not sum_:
            return []
        sealed = any(one.startswith(SEALED) for one in known)
        return [sum_, self(sum_)] if sealed else [sum_]
