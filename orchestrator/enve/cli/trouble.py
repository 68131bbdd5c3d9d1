"""What the stages end with, as errors of enve's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from enve.errors import StageFailure

if TYPE_CHECKING:
    from enve_fire.core.trouble import Trouble


@contextmanager
def told() -> Iterator[None]:
    """Within, a Trouble and what the system refuses become a StageFailure."""
    from enve_fire.core.trouble import Trouble, refused  # noqa: PLC0415

    try:
        yield
    except Trouble as trouble:
        raise failure(trouble) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        raise failure(refused(error)) from None


def failure(trouble: Trouble) -> StageFailure:
    """With its own exit code, and the log of what failed."""
    return StageFailure(trouble.message, exit_code=trouble.code, hint=trouble.hint, log=trouble.log)
