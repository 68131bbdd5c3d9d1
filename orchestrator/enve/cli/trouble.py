"""A trouble of the stages as an error of enve's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from enve.errors import StageFailure

if TYPE_CHECKING:
    from enve_fire.core.trouble import Trouble


def failure(trouble: Trouble) -> StageFailure:
    """With its own exit code, and the log of what failed."""
    return StageFailure(trouble.message, exit_code=trouble.code, hint=trouble.hint, log=trouble.log)
