"""The wire's name for what a signature covers (see `enve_pm.core.pae`, the one definition)."""

from enve_pm.core.pae import PART, PLAN, RESERVED, pae

__all__ = ["PART", "PLAN", "RESERVED", "pae"]
