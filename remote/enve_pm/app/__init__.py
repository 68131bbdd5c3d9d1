"""pm put together: the machine that decides, the shell that acts, and what stands on disk."""

from enve_pm.app.pm import Pm

__all__ = ["Pm"]
