"""A commit's tree as a folder, with its submodules where they are asked for."""

from __future__ import annotations

from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_fire.fetch.archive.view import STRIP, View, suffix
from enve_fire.fetch.git import modules
from enve_fire.fetch.git.program import GitFailed
from enve_fire.fetch.how import UNPACKED
from enve_pm.shell.product.unpack import Unfit
from enve_pm.shell.state.folder import Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Sequence

    from enve_fire.fetch.git.mirror import Mirror
    from enve_fire.fetch.git.modules import Module
    from enve_fire.fetch.how import How

    Enter = Callable[[Module, str], None]  # a submodule, and the folder that it becomes

LATEST = 1 << 33  # seconds


class Export:
    """`source`, `epoch`: see `how.Fetched`. Everything raises Trouble, OSError."""

    def __init__(self, mirror: Mirror, id_: str, how: How) -> None:
        self._mirror = mirror
        self._id = id_
        self._how = how
        try:
            self._tree = self._found()
            self.epoch = min(max(int(self._line("show", "-s", "--format=%ct", id_)), 0), LATEST)
            self.modules: Sequence[Module] = self._modules() if how.submodules else ()
        except GitFailed as failed:
            raise self._damaged(str(failed)) from None
        self.source = "git:" + self._tree + suffix(STRIP, "", bool(self.modules))

    def run(self, out: str, time: int, enter: Enter) -> None:
        """Into the empty folder `out`; `time`: of every file."""
        from enve_fire.fetch.archive.unfit import trouble
        from enve_fire.fetch.archive.unpacked import Counted, tar
        from enve_fire.tree.pace import Amount

        tell = Amount(self._how.report, "checkout of " + self._mirror.url)

        with self._mirror.archive(self._tree) as running:
            try:
                plain = Counted(running.out, tell)
                tar(plain, out, View(0), UNPACKED * self._how.most, time)
                running.finish()
            except Unfit as unfit:
                raise trouble(self._mirror.url, unfit) from None
            except GitFailed as failed:
                raise self._damaged(str(failed)) from None
        for one in self.modules:
            with Folder.open(out) as top, top.reach(one.path.split("/"), make=False):
                pass  # it leads through folders, not through links
            enter(one, out + "/" + one.path)

    def _line(self, *words: str) -> str:
        return self._mirror.line(self._id, *words)

    def _found(self) -> str:
        if not self._how.subdir:
            return self._line("rev-parse", "--verify", "--quiet", self._id + "^{tree}")
        try:
            place = "%s:%s" % (self._id, self._how.subdir)
            found = self._line("rev-parse", "--verify", "--quiet", place)
            if self._line("cat-file", "-t", found) == "tree":
                return found
        except GitFailed:
            pass
        raise self._no_folder()

    def _no_folder(self) -> Trouble:
        data = self._mirror.run(self._id, "ls-tree", "-r", "-d", "--name-only", "-z", self._id)
        known = [name for name in data.decode("utf-8", "replace").split("\0") if name.isprintable()]
        from difflib import get_close_matches

        near = get_close_matches(self._how.subdir, known[:10_000], 3, 0.7)
        hint = "did you mean %s?" % " or ".join(near) if near else "see subdir"
        text = "%s: there is no folder %s in it" % (self._mirror.url, self._how.subdir)
        return Trouble(CHECKOUT, text, hint)

    def _modules(self) -> Sequence[Module]:
        listing = self._mirror.run(self._id, "ls-tree", "-r", "-z", self._tree)
        links = modules.links(listing.decode("utf-8", "surrogateescape"))
        if not links:
            return ()
        try:
            blob = "--blob=%s:.gitmodules" % self._id
            said = self._mirror.run(self._id, "config", blob, "-z", "--list").decode(
                "utf-8", "replace"
            )
        except GitFailed:
            said = ""
        return modules.modules(links, said, "git+" + self._mirror.url, self._how.subdir)

    def _damaged(self, text: str) -> Trouble:
        url = self._mirror.url
        return Trouble(
            CHECKOUT,
            "%s: %s" % (url, text),
            "what is kept of it is damaged: remove %s" % (self._mirror.folder),
        )
