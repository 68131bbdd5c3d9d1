"""`stage` of a unit's line: what is done, for which product, where. What its `table` says is judged
by the step itself (`enve_fire`): pm looks only at its shape and size."""

from __future__ import annotations

from enve_pm.core.canonical import dumps
from enve_pm.core.fieldcheck import Bad, boolean, integer, one_of, place, record, several, text
from enve_pm.core.refusal import FormatError
from enve_pm.core.stages import BUILD, SETUP, STAGES, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_pm.core.unit import UnitSpec

LARGEST = 4 << 20  # bytes of a table
ADDRESS = 2048  # characters
MOST = 64  # stores of others, and keys
RING = 1 << 17  # characters of a key ring in base64

# How to get out of a network: names in either case.
PROXIES = frozenset(("http_proxy", "https_proxy", "all_proxy", "no_proxy"))
# What else its environment may say: how it fetches, and how much of the machine it takes. The
# command for ssh runs as the user of the stage, who runs the plan's own commands just so. Where its
# store lies is not said: that is pm's.
SETTINGS = frozenset(
    (
        "SSL_CERT_FILE",
        "SSH_AUTH_SOCK",
        "GIT_SSH_COMMAND",
        "ENVE_FETCH_LIMIT",
        "ENVE_JOBS",
        "ENVE_OFFLINE",
        "ENVE_STORE_LIMIT",
    )
)


def is_passed(name: str) -> bool:
    """Whether a variable of a spot is one of its stages, too."""
    return name in SETTINGS or name.lower() in PROXIES


def table(value: Any) -> Any:
    """A profile."""
    if not isinstance(value, dict):
        raise Bad("a mapping", value)
    try:
        size = len(dumps(value))
    except FormatError as error:
        raise Bad("canonical JSON", str(error)) from None
    if size > LARGEST:
        raise Bad("at most %d bytes" % LARGEST, size)
    return value


def folder(value: Any) -> Any:
    """An absolute path without empty, `.` and `..` steps."""
    place(value)
    steps = value.split("/")
    if steps[0] or any(step in ("", ".", "..") for step in steps[1:]):
        raise Bad("an absolute path without empty, . and .. steps", value)
    return value


def web(value: Any) -> Any:
    """The address of a store of others."""
    good = isinstance(value, str) and value.startswith(("http://", "https://"))
    if not good or len(value) > ADDRESS or " " in value or not value.isprintable():
        raise Bad("an address by http or https", value)
    return value


_seconds = integer(0, 2**53 - 1)
_key = record({"ring": text(RING), "since": _seconds, "until": _seconds})
_stores = record({"from": several(web, MOST), "keys": several(_key, MOST)})
platform = several(text(128, 0), 8, "words")  # that an artifact's platform is known by

# source: what has to be found at the url · place: the root that it is installed into; without it
# the folder of the product in the spot's directory · artifact: the url of one that was built
# elsewhere · platform: of one that was · along: what it runs with is
# installed into its root, too · stores: see `stores`
body = record(
    {"do": one_of(*STAGES), "url": text(4096), "table": table},
    {
        "source": text(128, 0),
        "place": folder,
        "artifact": text(4096),
        "platform": platform,
        "along": boolean,
        "stores": _stores,
    },
)


def flaw(spec: UnitSpec) -> tuple[str, str, object] | None:
    """What does not go together in a line of this kind: (key, wanted, found)."""
    named = split(spec.unit)
    if named is None or named.stage != spec.body["do"]:
        return "name", "PRODUCT!%s@SPOT, as stage.do is that" % spec.body["do"], spec.unit
    for name in spec.env:
        if not is_passed(name):
            return "env." + name, "one of " + " ".join((*sorted(PROXIES), *sorted(SETTINGS))), name
    for key, where in (("product", BUILD), ("files", SETUP)):
        if getattr(spec, key) and named.stage != where:
            return key, "no such key, as stage.do is not " + where, getattr(spec, key)
    return None
