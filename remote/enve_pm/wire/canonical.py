"""The wire's name for canonical JSON (see `enve_pm.core.canonical`, the one definition)."""

from enve_pm.core.canonical import DEPTH, LIMIT, dumps, loads
from enve_pm.core.refusal import FormatError

__all__ = ["DEPTH", "LIMIT", "FormatError", "dumps", "loads"]
