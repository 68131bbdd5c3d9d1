"""What a setup has laid in a root, and what of it the next one has to change: decisions only.

    {"installed": HASH, "files": {PATH: [SUM, ...]}, "defaults": {PATH: SUM}, "folders": [PATH]}

`files`: what may stand at a path and is ours, more than one sum while a change is under way;
`defaults`: what stood there before the first setup, "" for nothing; `folders`: those that were made
for it. A path is one in the root and begins with `/`; a sum is `HEX` (SHA-256), `->TARGET` of a
link, or `hmac:HEX` of a file that is secret.
"""

from __future__ import annotations

from enve_fire.core import title as titles
from enve_pm.core.canonical import dumps, loads
from enve_pm.core.fieldcheck import Bad, mapping, record, text
from enve_pm.core.lean import namedtuple
from enve_pm.core.refusal import FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, Mapping, Sequence

SEALED = "hmac:"
MOST = 100_000  # entries of a state
LOCK = ".lock"
BESIDE = (LOCK, ".new")  # of a mark
LONGEST = 200  # characters of a name


class State(namedtuple("State", "installed files defaults folders", defaults=("", {}, {}, ()))):
    """Of one setup."""

    __slots__ = ()

    if TYPE_CHECKING:
        installed: str
        files: Mapping[str, Sequence[str]]
        defaults: Mapping[str, str]
        folders: Sequence[str]

    def data(self) -> bytes:
        rows = {path: sorted(sums) for path, sums in self.files.items()}
        return dumps({**self._asdict(), "files": rows, "folders": sorted(self.folders)})

    def edited(self, path: str, spellings: Iterable[str]) -> bool:
        """Whether what stands there is somebody's own work; `spellings`: of its sum, none where
        nothing stands."""
        known = {*self.files.get(path, ()), self.defaults.get(path, "")}
        found = set(spellings)
        return path in self.files and bool(found) and not found & known

    def since(self, installed: str, lost: Callable[[str], bool]) -> State:
        """Where the software was installed anew. `lost`: whether it replaced what had been laid at
        a path: that is as if nothing had been set up there."""
        if installed == self.installed:
            return self
        files = {path: sums for path, sums in self.files.items() if not lost(path)}
        defaults = {path: self.defaults[path] for path in files}
        folders = [path for path in self.folders if not lost(path)]
        return State(installed, files, defaults, folders)

    def bare(self, path: str) -> bool:
        """Whether nothing stood there before, as what stands on its way, or there, is ours."""
        ours = any(self.defaults.get(folder, None) == "" for folder in above(path))
        return ours or path in self.folders

    def gone(self, wanted: Iterable[str]) -> list[str]:
        """Paths that are not wanted any more."""
        return sorted(set(self.files) - set(wanted))

    def left(self, wanted: Iterable[str]) -> list[str]:
        """Folders that nothing wanted lies in, the deepest first."""
        kept = {folder for path in wanted for folder in above(path)}
        return sorted(set(self.folders) - kept, reverse=True)

    def begun(
        self, sums: Mapping[str, str], defaults: Mapping[str, str], folders: Iterable[str]
    ) -> State:
        """While the change goes on: whatever it is cut off at, all that stands there is known."""
        files = {path: {*self.files.get(path, ()), sum_} for path, sum_ in sums.items()}
        return State(
            self.installed,
            {**{path: set(old) for path, old in self.files.items()}, **files},
            {**self.defaults, **defaults},
            sorted({*self.folders, *folders}),
        )

    def ended(self, sums: Mapping[str, str]) -> State:
        """When it is done."""
        return self._replace(
            files={path: [sum_] for path, sum_ in sums.items()},
            defaults={path: self.defaults[path] for path in sums},
            folders=sorted(set(self.folders) - set(self.left(sums))),
        )


_sum = text(8192, 0)


def _list(value: Any) -> Any:
    if not isinstance(value, list) or len(value) > MOST or not all(map(_is_text, value)):
        raise Bad("a list of strings", value)
    return value


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_shape = record(
    {
        "installed": text(64, 0),
        "files": mapping(text(), _list, MOST),
        "defaults": mapping(text(), _sum, MOST),
        "folders": _list,
    }
)


def read(data: bytes) -> State:
    """Raises FormatError."""
    value = loads(data)
    try:
        return State(**_shape(value))
    except Bad as bad:
        raise FormatError("wanted %s, found %.80r" % bad.args[:2]) from None


def name(title: str, cfgpath: str) -> str:
    """What a setup is called in a root: `lua`, `nginx@shop`. None ends as what lies beside a mark.
    Raises Bad."""
    found = title + ("@" + titles.quote(cfgpath) if cfgpath else "")
    if len(found) > LONGEST:
        raise Bad("a shorter cfgpath", cfgpath)
    stem, dot, end = found.rpartition(".")
    return stem + "%2E" + end if dot + end in BESIDE else found


def above(path: str) -> list[str]:
    """Folders that a path lies in, without the root itself: `/etc`, `/etc/app`."""
    steps = path.split("/")[1:-1]
    return ["/" + "/".join(steps[: number + 1]) for number in range(len(steps))]


def below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/")
