"""An rc file, written (`rcfile` reads it, and says what stands in there)."""

from __future__ import annotations

from enve_fire.core.rcfile import EXPORT, HEAD, INNER, PATH, QUOTE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.core.rcfile import Rc

_REST = '"${PATH:+:$PATH}"'  # of PATH's line: what the caller has comes behind


def text(rc: Rc) -> str:
    """The whole file."""
    lines = [HEAD + rc.hash, "#key " + _lined(rc.key), "#target " + rc.target]
    facts = {
        "file": rc.files,
        "mark": rc.marks,
        "src": rc.sources,
        "mounts": rc.mounts,
        "room": rc.room,
    }
    for word, pairs in facts.items():
        lines += ["#%s %s %s" % (word, _lined(path), what) for path, what in pairs]
    lines += ["#dir " + _lined(path) for path in rc.dirs]
    if rc.until:
        lines.append("#until %d" % rc.until)
    if rc.cmd:
        lines.append("#cmd " + " ".join(quoted(_lined(word)) for word in rc.cmd))
    for name in sorted(rc.env):
        rest = _REST if name == PATH else ""
        lines.append("%s%s=%s%s" % (EXPORT, name, quoted(rc.env[name]), rest))
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """For `sh`."""
    return QUOTE + text.replace(QUOTE, INNER) + QUOTE


def _lined(text: str) -> str:
    return text.replace("%", "%25").replace("\n", "%0A")
