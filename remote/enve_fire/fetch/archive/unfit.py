"""What is wrong with an archive, as it is told."""

from __future__ import annotations

import errno
from contextlib import contextmanager

from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_pm.shell.product.unpack import Unfit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

_ODD = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL, errno.ELOOP, errno.EISDIR)


@contextmanager
def judged() -> Iterator[None]:
    """What tarfile and zipfile let through of their parts (zlib.error, RecursionError, ...) says
    that the archive is bad."""
    try:
        yield
    except (Unfit, Trouble):
        raise
    except OSError as error:
        if error.errno not in _ODD:
            raise
        raise Unfit("not a good archive: %s" % error.strerror) from None
    except MemoryError:
        raise Unfit("the archive takes more memory than there is") from None
    except Exception as error:
        raise Unfit("not a good archive: %s" % error) from None


def trouble(name: str, unfit: Unfit) -> Trouble:
    """`name`: of the archive, as its user knows it."""
    text = str(unfit)
    hint = "it is not unpacked: nothing of it is kept"
    if "strip:" in text:
        hint = "set strip to 0, and subdir to the folder that is meant; or another strip"
    elif "cut short" in text or "compressed wrongly" in text or "not a" in text:
        hint = (
            "it is damaged, or was not fetched whole: fetch it again (--refresh), or ask its owner"
        )
    return Trouble(CHECKOUT, "%s: %s" % (name, text), hint)
