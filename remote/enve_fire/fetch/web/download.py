"""A file from a web server into a folder, in however many tries; what came is not asked for again.

    FOLDER/part         what came so far
    FOLDER/part.of      what the server calls just this (an ETag, or its date): canonical JSON

Whoever calls holds the lock of the folder.
"""

from __future__ import annotations

import os
import time

from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_fire.fetch.how import MORE
from enve_fire.fetch.web.answered import SHORTLY, Answered, seconds
from enve_fire.fetch.web.progress import Progress
from enve_fire.fetch.web.tempo import Tempo
from enve_fire.tree.written import unlink
from enve_pm.core.canonical import dumps, loads
from enve_pm.core.lean import namedtuple
from enve_pm.core.refusal import FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_fire.fetch.how import How
    from enve_fire.fetch.web.http import Answer

PART, OF = "part", "part.of"
RETRIES = 3
PAUSE = 0.5  # seconds before the first of them, then twice as long
LONGEST_WAIT = 120.0  # seconds that a server may ask us to wait
PIECE = 1 << 18  # bytes that have to come within the patience
OK, PARTIAL, UNCHANGED, NO_RANGE = 200, 206, 304, 416

Came = namedtuple("Came", "path etag modified resumed")


class Download:
    """`etag`, `modified`: of what we have, to be told that it is still the same. `retries`: in a
    row, that bring next to nothing."""

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        url: str,
        folder: str,
        how: How,
        etag: str = "",
        modified: str = "",
        retries: int | None = None,
    ) -> None:
        self.url = url
        self.how = how
        self._retries = RETRIES if retries is None else retries
        self._part = folder + "/" + PART
        self._of = folder + "/" + OF
        self._known = {"If-None-Match": etag, "If-Modified-Since": "" if etag else modified}
        self._resumed = False
        self._progress = Progress(how.report, url)
        self._tempo = Tempo(url)

    def run(self) -> Any:
        """What came; None where what we have is still the same. Raises Trouble, OSError."""
        from enve_fire.fetch.web.http import Passing

        tries = 0
        while True:
            before = self._size()
            try:
                return self._try()
            except Passing as passing:
                tries = 0 if self._size() >= before + PIECE else tries + 1
                self._pause(passing, tries)

    def drop(self) -> None:
        """What came is of no use."""
        for path in (self._part, self._of):
            unlink(path)

    def _pause(self, passing: Any, tries: int) -> None:
        if tries > self._retries or passing.wait > LONGEST_WAIT:
            hint = "try again later: what came is kept, and not asked for again"
            if passing.wait > LONGEST_WAIT:
                hint = "the server asks to wait for %d s" % passing.wait
            raise Trouble(CHECKOUT, "%s: %s" % (self.url, passing), hint)
        wait = max(passing.wait, PAUSE * 2**tries / 2)
        self._tempo.came(0)
        self.how.report("%s: %s; again in %g s" % (self.url, passing, wait))
        time.sleep(wait)

    def _size(self) -> int:
        try:
            return os.stat(self._part).st_size
        except FileNotFoundError:
            return 0

    # -- one try -----------------------------------------------------------------------------------
    def _try(self) -> Any:
        from enve_fire.fetch.web.http import ask

        start, tag = self._begun()
        headers = {"Range": "bytes=%d-" % start, "If-Range": tag} if start else dict(self._known)
        asked = {name: value for name, value in headers.items() if value}
        try:
            answer = ask(self.url, asked, self.how.patience, self.how.environ)
        except Trouble as trouble:
            raise Trouble(
                trouble.code, "%s: %s" % (self.url, trouble.message), trouble.hint
            ) from None
        with answer:
            return self._take(answer, start)

    def _begun(self) -> tuple[int, str]:
        """How much is there of what the server can still call by name."""
        try:
            with open(self._of, "rb") as file:
                tag = loads(file.read(65536))["tag"]
        except (OSError, FormatError, KeyError, TypeError):
            tag = ""
        size = self._size() if tag else 0
        return (size, str(tag)) if size else (0, "")

    def _take(self, answer: Answer, start: int) -> Any:
        if answer.status == UNCHANGED and any(self._known.values()) and not start:
            return None
        if answer.status == NO_RANGE or (
            answer.status == PARTIAL and not _continues(answer, start)
        ):
            self.drop()
            return self._again()
        if answer.status not in (OK, PARTIAL):
            self._refused(answer)
        start = start if answer.status == PARTIAL else 0
        self._resumed = bool(start)
        self._pour(answer, start)
        return Came(
            self._part, answer.header("ETag"), answer.header("Last-Modified"), self._resumed
        )

    def _again(self) -> Any:
        from enve_fire.fetch.web.http import Passing

        raise Passing("what came before is of no use")

    def _refused(self, answer: Answer) -> None:
        from enve_fire.fetch.web.http import Passing

        if answer.status in SHORTLY:
            wait = seconds(answer.header("Retry-After"))
            raise Passing("the server answers %d" % answer.status, wait)
        raise Answered(self.url, answer.status)

    def _pour(self, answer: Answer, start: int) -> None:
        length = answer.length
        total = None if length is None else start + length
        self._fit(total or 0)
        with open(self._part, "ab" if start else "wb") as file:
            if not start:
                self._name(answer)
            size = start
            while True:
                piece = self._piece(answer, total, size)
                if not piece:
                    break
                file.write(piece)
                size += len(piece)
                self._tempo.came(len(piece))
                self._fit(size)
                self._progress.tell(size, total)
        self._whole(size, total)

    @staticmethod
    def _piece(answer: Answer, total: int | None, size: int) -> bytes:
        return answer.read(PIECE) if total is None or size < total else b""

    def _whole(self, size: int, total: int | None) -> None:
        from enve_fire.fetch.web.http import Passing

        if total is None and not size:
            raise Passing("nothing came")
        if total is not None and size < total:
            raise Passing("cut off after %d of %d bytes" % (size, total))

    def _name(self, answer: Answer) -> None:
        """How to ask for the rest: by a strong name, since bytes are put together."""
        tag = answer.header("ETag")
        if not tag.startswith('"'):
            tag = answer.header("Last-Modified")
        with open(self._of, "wb") as file:
            file.write(dumps({"tag": tag}))

    def _fit(self, size: int) -> None:
        if size > self.how.most:
            self.drop()
            text = "%s: more than %d bytes" % (self.url, self.how.most)
            raise Trouble(CHECKOUT, text, MORE)


def _continues(answer: Answer, start: int) -> bool:
    return answer.header("Content-Range").startswith("bytes %d-" % start)
