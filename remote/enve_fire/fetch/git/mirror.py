"""What is kept of a repository: a bare one, with the references that were asked for, so that each
moves only when somebody wants it to. It never forgets a commit.

    RECORD/sha1   RECORD/sha256    by the kind of the remote's ids
    refs/enve/HASH                 a reference as it was found last
    refs/all/...                   all heads and tags, where a commit could not be had alone
"""

from __future__ import annotations

import os
import shutil
import time

from enve_fire.core.digest import hash_of
from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_fire.fetch.git import refs
from enve_fire.fetch.git.program import GitFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.fetch.git.program import Git, Running

RETRIES, PAUSE = 3, 0.5
PACKS = 40  # each fetch leaves one; with many of them git is slow
_ALL = ("+refs/heads/*:refs/all/heads/*", "+refs/tags/*:refs/all/tags/*")
_SHA256 = 64  # digits of an id


class Mirror:
    """`folder`: of the record; `keep`: the descriptor of its lock, -1 where nothing is fetched. All
    raise Trouble and OSError."""

    def __init__(self, git: Git, folder: str, url: str, keep: int = -1) -> None:
        self.git = git
        self.url = url
        self.folder = folder
        self._keep = keep

    # -- what is here ------------------------------------------------------------------------------
    def _place(self, id_: str) -> str:
        return self.folder + ("/sha256" if len(id_) == _SHA256 else "/sha1")

    def has(self, id_: str) -> bool:
        """Whether a commit is here."""
        if not os.path.isdir(self._place(id_)):
            return False
        try:
            self.run(id_, "cat-file", "-e", id_ + "^{commit}")
        except GitFailed:
            return False
        return True

    def run(self, id_: str, *words: str) -> bytes:
        """A command in the repository for such ids. Raises GitFailed."""
        return self.git.run("--git-dir=" + self._place(id_), *words, keep=self._keep)

    def line(self, id_: str, *words: str) -> str:
        return self.run(id_, *words).decode("utf-8", "replace").strip()

    def archive(self, tree: str) -> Running:
        """What writes a tree as a tar archive: to be entered."""
        return self.git.start("--git-dir=" + self._place(tree), "archive", "--format=tar", tree)

    # -- what is there -----------------------------------------------------------------------------
    def lookup(self, ref: str) -> str:
        """The commit that a reference means now; it is here afterwards."""
        names = refs.candidates(ref)
        peeled = [name + "^{}" for name in names]
        found = refs.listed(self._online("ls-remote", "--", self.url, *names, *peeled))
        name = refs.chosen(ref, found)
        if not name:
            raise self._unknown(ref)
        id_ = found.get(name + "^{}", found[name])
        if self.has(id_):
            return id_
        kept = "refs/enve/" + hash_of("ref", ref)
        self._fetch(id_, "+%s:%s" % (name, kept))
        try:
            return self.line(id_, "rev-parse", "--verify", "--quiet", kept + "^{commit}")
        except GitFailed:
            text = "%s: %s is no commit" % (self.url, ref)
            raise Trouble(CHECKOUT, text, "name a branch, a tag or a commit") from None

    def bring(self, id_: str) -> None:
        """A commit by its id: alone where the server gives it, else with all that there is."""
        try:
            self._fetch(id_, id_ + ":refs/enve/" + id_, once=True)
        except GitFailed:
            self._fetch(id_, *_ALL)
        if not self.has(id_):
            hint = "it was never pushed, or was taken away; name a branch or a tag that has it"
            raise Trouble(CHECKOUT, "%s: there is no commit %s" % (self.url, id_), hint)

    def _unknown(self, ref: str) -> Trouble:
        found = refs.listed(self._online("ls-remote", "--heads", "--tags", "--", self.url))
        name = ref or refs.HEAD
        return Trouble(CHECKOUT, "%s: there is no %s" % (self.url, name), refs.hint(ref, found))

    def _fetch(self, id_: str, *what: str, once: bool = False) -> None:
        """`once`: raises GitFailed."""
        self._begin(id_)
        place = "--git-dir=" + self._place(id_)
        words = (place, "fetch", "--progress", "--no-tags", "--", self.url, *what)
        if once:
            self.git.run(*words, keep=self._keep)
        else:
            self._online(*words)
        self._tidy(place, id_)

    def _online(self, *words: str) -> str:
        """Again where that may help."""
        for tries in range(RETRIES + 1):
            try:
                return self.git.run(*words, keep=self._keep).decode("utf-8", "replace")
            except GitFailed as failed:
                said = failed.said
                if not said.passing or tries == RETRIES:
                    break
                wait = PAUSE * 2**tries
                self.git.how.report("%s: %s; again in %g s" % (self.url, said.message, wait))
                time.sleep(wait)
        raise Trouble(CHECKOUT, "%s: %s" % (self.url, said.message), said.hint)

    # -- the repository itself ---------------------------------------------------------------------
    def _begin(self, id_: str) -> None:
        place = self._place(id_)
        if os.path.isdir(place):
            _sweep(place)
            return
        part = place + ".new"
        shutil.rmtree(part, ignore_errors=True)
        kind = ["--object-format=sha256"] if len(id_) == _SHA256 else []
        try:
            self.git.run("init", "--quiet", "--bare", "--template=", *kind, part)
        except GitFailed as failed:
            raise Trouble(
                CHECKOUT, "%s: %s" % (self.url, failed), "a newer git may do it"
            ) from None
        os.rename(part, place)

    def _tidy(self, place: str, id_: str) -> None:
        """One pack of many, with commits that no reference names any more."""
        names = os.listdir(self._place(id_) + "/objects/pack")
        if sum(name.endswith(".pack") for name in names) <= PACKS:
            return
        try:
            self.git.run(place, "repack", "-a", "-d", "-k", "-q", keep=self._keep)
        except GitFailed:
            pass  # an old git, or a repository larger than the limit: it stays as it is


def _sweep(place: str) -> None:
    """What a git that was killed left: nobody else is at it, since we hold the lock."""
    for folder, _, names in os.walk(place):
        for name in names:
            if name.endswith(".lock") or name.startswith(("tmp_pack_", "tmp_idx_", "tmp_obj_")):
                os.unlink(folder + "/" + name)
