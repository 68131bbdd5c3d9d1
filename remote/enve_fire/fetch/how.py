"""How something is fetched, and what comes of it."""

from __future__ import annotations

from enve_fire.core.profile import NEVER
from enve_fire.core.trouble import Trouble
from enve_fire.tree.pace import quiet
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping

    from enve_fire.core.url import Url
    from enve_fire.tree.pace import Report


OFFLINE = "ENVE_OFFLINE"
LIMIT = "ENVE_FETCH_LIMIT"
MOST = "2G"  # of a download, or of a repository
MORE = LIMIT + "=10G allows more"
UNPACKED = 4  # times as much may be in it
PATIENCE = 60.0  # seconds until a server that says nothing, or next to nothing, is given up


class How(
    namedtuple(
        "How",
        "offline refresh subdir submodules strip limit report patience environ",
        defaults=(False, NEVER, "", False, 1, 0, quiet, PATIENCE, {}),
    )
):
    """`refresh`: when a reference that can move is looked up again: `never` (only where it was not
    yet), `always`, or after so many seconds · `subdir`, `submodules`, `strip`: see the profile's
    `checkout` · `limit`: bytes, 0: see `most` · `report`: one line of progress · `environ`: of it
    are used ENVE_OFFLINE, ENVE_FETCH_LIMIT, ENVE_FETCH_PLAIN, PATH, HOME, TMPDIR, proxies,
    SSL_CERT_FILE, SSH_AUTH_SOCK, GIT_SSH_COMMAND."""

    __slots__ = ()

    if TYPE_CHECKING:
        offline: bool
        refresh: str | int
        subdir: str
        submodules: bool
        strip: int
        limit: int
        report: Report
        patience: float
        environ: Mapping[str, str]

    @property
    def alone(self) -> bool:
        """Whether no socket may be opened."""
        return self.offline or self.environ.get(OFFLINE, "0") not in ("", "0")

    @property
    def most(self) -> int:
        """Bytes of a download, or of a repository. Raises Trouble."""
        return self.limit or most(self.environ)


def most(environ: Mapping[str, str]) -> int:
    """Bytes of whatever is fetched. Raises Trouble."""
    from enve_fire.store import amounts

    try:
        return amounts.size(environ.get(LIMIT) or MOST) or amounts.LARGEST
    except Trouble as trouble:
        raise trouble.of(LIMIT) from None


class Fetched(
    namedtuple("Fetched", "path source pinned entry private epoch", defaults=("", False, 0))
):
    """`path`: the folder · `source`: what is in it (see `core.product`) · `pinned`: the url that
    means just this for ever, where there is one · `entry`: its name in the store, "" for a folder
    of somebody's own · `private`: not everybody could have fetched it, so not everybody may read
    what is made of it · `epoch`: when it was made, unix seconds; 0 if nobody says."""

    __slots__ = ()

    if TYPE_CHECKING:
        path: str
        source: str
        pinned: Url
        entry: str
        private: bool
        epoch: int
