"""What the stages end with, as errors of enve's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from enve.errors import FAILED, StageFailure

if TYPE_CHECKING:
    from enve_fire.core.trouble import Trouble


@contextmanager
def told() -> Iterator[None]:
    """Within, a Trouble and what the system refuses become a StageFailure."""
    from enve_fire.core.trouble import Trouble  # noqa: PLC0415

    try:
        yield
    except Trouble as trouble:
        raise failure(trouble) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        what = f"{error.filename or 'system'}: {error.strerror or error}"
        raise StageFailure(what, exit_code=FAILED) from None


def failure(trouble: Trouble) -> StageFailure:
    """With its own exit code, and the log of what failed."""
    return StageFailure(trouble.message, exit_code=trouble.code, hint=trouble.hint, log=trouble.log)
