"""One setup of one name, from the look at what is there to the mark."""

from __future__ import annotations

import os
import time

from enve_fire.core import laying, sums
from enve_fire.core.trouble import SETUP, Trouble
from enve_fire.stage import marks
from enve_fire.stage.config import naming, ready
from enve_fire.stage.config.change import Change
from enve_fire.stage.config.kept import NEW, OLD
from enve_fire.stage.config.owner import Owners
from enve_fire.stage.config.seal import Seal
from enve_fire.stage.config.standing import Standing
from enve_fire.stage.verify.extra import left
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Mapping

    from enve_fire.core.configfile import ConfigFile
    from enve_fire.core.product import Product
    from enve_fire.stage.config.kept import Kept, Setups
    from enve_fire.stage.context import Context
    from enve_fire.stage.install.place import Place
    from enve_pm.shell.state.folder import Folder


class Share(namedtuple("Share", "place files names")):
    """What one turn lays: `place`: where its files, its mark and its state are · `files` ·
    `names`: the root whose users own them."""

    __slots__ = ()

    if TYPE_CHECKING:
        place: Place
        files: Sequence[ConfigFile]
        names: str


class Turn:
    """`hash`: of the mark that it shall have. `installed`: of the product's install; `setups`: of
    the share's place."""

    def __init__(
        self, product: Product, share: Share, installed: str, ctx: Context, setups: Setups
    ) -> None:
        self._product = product
        self._place = share.place
        self._share = share
        self._ctx = ctx
        self._setups = setups
        self._name = naming.name(product)
        self._seal = Seal(setups.key)
        self._installed = installed
        self._mark = naming.mark(share.place, self._name)
        self.hash = sums.setup(product.table, installed, self._seal)

    def is_due(self) -> bool:
        return marks.read_hash(self._mark) != self.hash

    def run(self, due: Callable[[], bool], blobs: str, then: Callable[[Kept], object]) -> None:
        """One at a time of each name. `due`: whether there is still something to do, after nobody
        else is at it; `then`: what is done when the files lie: if that fails they go. Raises
        Trouble; then all is as it was."""
        lock = self._setups.lock(self._name, self._ctx.report)
        try:
            if due():
                with Standing(self._place.root or "/") as root, self._setups.of(self._name) as kept:
                    self._run(root, kept, blobs, then)
        except OSError as error:
            told = "setup of %s: %s: %s" % (self._product.name, error.filename, error.strerror)
            raise Trouble(SETUP, told) from None
        finally:
            os.close(lock)

    def _run(self, root: Standing, kept: Kept, blobs: str, then: Callable[[Kept], object]) -> None:
        files = self._share.files
        sums_ = {file.path: self._seal(file.sum) if file.secret else file.sum for file in files}
        before = self._before(root, kept.state())
        with kept.empty(NEW) as new, kept.empty(OLD) as old:
            names = self._ready(new, blobs)
            back = ready.all_defaults(new, kept.default, before, sums_)
            begun = self._claim(root, kept, before, sums_)
            marks.drop(self._mark)
            change = Change(root, begun, self._seal, new, old)
            try:
                change.clear(back, begun.left(sums_))
                change.lay(names)
                then(kept)
            except BaseException as error:
                self._undo(change, error)
                kept.tidy(begun)
                raise
        self._end(kept, begun, sums_)

    def _end(self, kept: Kept, begun: laying.State, sums_: Mapping[str, str]) -> None:
        """All lies as it shall: the mark says so."""
        ended = begun.ended(sums_)
        kept.write_state(ended)
        rows = [[file.path, sums_[file.path], file.mode] for file in self._share.files]
        body = {
            "files": rows,
            "left": left(self._place, self._product.table, sums_),
            "made": int(time.time()),
        }
        marks.write(self._mark, self.hash, body)
        kept.tidy(ended)

    def _ready(self, new: Folder, blobs: str) -> dict[str, str]:
        with Standing(self._share.names or "/") as names:
            owners = Owners(names, self._ctx.report)
            return ready.all_files(new, self._share.files, blobs, owners)

    def _before(self, root: Standing, state: laying.State) -> laying.State:
        """What is left of the last one after a new install, which replaces all below the prefix, or
        where others share the root what is its own."""

        def lost(path: str) -> bool:
            if not laying.below(path, self._product.table["prefix"]):
                return False
            known = state.files.get(path, ())
            if not self._place.shared:
                return True
            return bool(known) and not set(self._seal.spellings(root.sum(path), known)) & {*known}

        return state.since(self._installed, lost)

    def _claim(
        self, root: Standing, kept: Kept, before: laying.State, wanted: Mapping[str, str]
    ) -> laying.State:
        """What has to be known whatever happens from here on. Raises Trouble where a path is
        another setup's."""
        lock = self._setups.all_locked()
        try:
            for other, state in self._setups.others(self._name):
                for path in sorted(set(wanted) & set(state.files)):
                    told = "%s: the setup of %s has laid it already" % (path, other)
                    raise Trouble(SETUP, told, "take a root for each, or another path")
            anew = [path for path in wanted if path not in before.defaults]
            defaults = {path: "" if before.bare(path) else kept.save(root, path) for path in anew}
            made = [one for path in wanted for one in laying.above(path) if not root.is_folder(one)]
            begun = before.begun(wanted, defaults, made)
            kept.write_state(begun)
            return begun
        finally:
            os.close(lock)

    def _undo(self, change: Change, error: BaseException) -> None:
        wrong = change.undo()
        if wrong:
            told = "setup of %s: %s; and not all could be put back: %s"
            told %= (self._product.name, error, ", ".join(wrong))
            raise Trouble(SETUP, told, "the next setup that succeeds puts it right") from error
