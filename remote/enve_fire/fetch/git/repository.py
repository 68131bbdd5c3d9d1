"""Git: from a reference to a commit, from a commit to a folder.

What a folder holds depends on the commit's tree alone: it is exported by `git archive TREE`, so
that nothing of the commit (export-subst) gets in, and equal trees are built once.
"""

from __future__ import annotations

import time

from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_fire.core.url import is_commit
from enve_fire.fetch import checkout, plain, readers
from enve_fire.fetch.git import modules, worktree
from enve_fire.fetch.git.export import Export
from enve_fire.fetch.git.mirror import Mirror
from enve_fire.fetch.git.program import Git
from enve_fire.fetch.record import GIT, Record, Stamp
from enve_fire.store import draft

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.core.url import Url
    from enve_fire.fetch.git.modules import Module
    from enve_fire.fetch.how import Fetched, How
    from enve_fire.store.store import Store


def fetch(url: Url, store: Store, how: How) -> Fetched:
    """A commit, exported into the store. Raises Trouble, OSError."""
    work = Repository(url, store, how)
    private = how.submodules or readers.private(url, how.environ)  # one of them may be
    id_ = work.known() or work.lookup()
    found = checkout.find(url, id_, how, private, store)
    if found:
        return found
    work.bring(id_)

    def method(out: str) -> None:
        export = work.export(id_, out)
        draft.note(out, source=export.source, url=url.text, epoch=export.epoch)

    entry = store.make(checkout.wanted(url, id_, how, private), method, how.report)
    return checkout.made(entry, checkout.pin(url, id_), private)


class Repository:
    """The mirror of a url, and what is known of its references. All raise Trouble, OSError."""

    def __init__(self, url: Url, store: Store, how: How) -> None:
        self.url = url
        self.how = how
        self._store = store
        self.record = Record(store, GIT, url.base)
        self._transport = url.base[len("git+") :].partition(":")[0]
        self._remote = url.base[len("git+") :]

    def git(self, asks: bool = False) -> Git:
        """`asks`: it goes to where the url leads; the lock of the record is ours then."""
        path = readers.local(self.url) if asks else ""
        safe = worktree.checked(path, self.how) if path else ()
        home = self.record.path() + ("/asks" if asks else "/here")
        netrc = asks and not plain.overheard(self.url, self.how.environ)
        return Git(self.how, home, self._transport, safe, netrc)

    def known(self) -> str:
        """The commit, where nobody has to be asked; else ""."""
        if is_commit(self.url.ref):
            return self.url.ref
        stamp = self.record.stamp(self.url.ref)
        return "" if stamp is None or stamp.due(self.how) else stamp.id

    def lookup(self) -> str:
        """The commit that the reference means now."""
        self._may(self.url.ref or "HEAD")
        plain.judge(self.url, self.how.environ)
        before = self.record.stamp(self.url.ref)
        self.record.path()
        with self.record.locked(self.how) as lock:
            git = self.git(asks=True)
            stamp = self.record.stamp(self.url.ref)
            if stamp and stamp != before:
                return stamp.id  # somebody asked while we waited
            id_ = self.mirror(git, lock.fd).lookup(self.url.ref)
            self.record.note(self.url.ref, Stamp(id_, int(time.time())))
            worktree.warn(git, readers.local(self.url), self.how)
        return id_

    def bring(self, id_: str) -> None:
        """The commit is here afterwards."""
        self.record.path()
        if self.mirror(self.git()).has(id_):
            return
        self._may(id_)
        with self.record.locked(self.how) as lock:
            mirror = self.mirror(self.git(asks=True), lock.fd)
            if not mirror.has(id_):
                mirror.bring(id_)

    def mirror(self, git: Git, keep: int = -1) -> Mirror:
        return Mirror(git, self.record.path(), self._remote, keep)

    def export(self, id_: str, out: str) -> Export:
        """A commit that is here, into a folder."""
        export = Export(self.mirror(self.git()), id_, self.how)
        WithModules(self._store, self.how, export.epoch).run(export, out)
        return export

    def _may(self, what: str) -> None:
        if self.how.alone and self._transport != "file":
            raise checkout.offline(self.url, what)


class WithModules:
    """A commit with its submodules and theirs, all of one time. `left`: how many more there may be:
    a few that name each other would be any number."""

    def __init__(self, store: Store, how: How, time: int) -> None:
        self._store = store
        self._how = how._replace(subdir="")
        self._time = time
        self._left = modules.MOST

    def run(self, export: Export, out: str, depth: int = 0) -> None:
        export.run(out, self._time, lambda module, at: self._enter(module, at, depth + 1))

    def _enter(self, module: Module, out: str, depth: int) -> None:
        self._left -= 1
        if self._left < 0 or depth > modules.DEPTH:
            text = "%s: more than %d submodules, or more than %d deep"
            raise Trouble(CHECKOUT, text % (module.url.base, modules.MOST, modules.DEPTH))
        inner = Repository(module.url, self._store, self._how)
        inner.bring(module.url.ref)
        self.run(Export(inner.mirror(inner.git()), module.url.ref, self._how), out, depth)
