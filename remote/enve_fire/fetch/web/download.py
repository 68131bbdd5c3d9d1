"""A file from a web server into a folder, in however many tries; what came is not asked for again
(see `part`). Whoever calls holds the lock of the folder."""

from __future__ import annotations

import time

from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_fire.fetch.how import MORE
from enve_fire.fetch.web.answered import SHORTLY, Answered, Passing, seconds
from enve_fire.fetch.web.part import Part
from enve_fire.fetch.web.progress import Progress
from enve_fire.fetch.web.tempo import Tempo
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_fire.fetch.how import How
    from enve_fire.fetch.web.http import Answer

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
        self._part = Part(folder)
        self._known = {"If-None-Match": etag, "If-Modified-Since": "" if etag else modified}
        self._progress = Progress(how.report, url)
        self._tempo = Tempo(url)

    def run(self) -> Any:
        """What came; None where what we have is still the same. Raises Trouble, OSError."""
        tries = 0
        while True:
            before = self._part.size()
            try:
                return self._try()
            except Passing as passing:
                tries = 0 if self._part.size() >= before + PIECE else tries + 1
                self._pause(passing, tries)

    def drop(self) -> None:
        """What came is of no use."""
        self._part.drop()

    def _pause(self, passing: Any, tries: int) -> None:
        if tries > self._retries or passing.wait > LONGEST_WAIT:
            hint = passing.hint
            if self._part.size():
                hint = "try again later: what came is kept, and not asked for again"
            if passing.wait > LONGEST_WAIT:
                hint = "the server asks to wait for %d s" % passing.wait
            raise Trouble(CHECKOUT, "%s: %s" % (self.url, passing), hint)
        wait = max(passing.wait, PAUSE * 2**tries / 2)
        self._tempo.came(0)
        self.how.report("%s: %s; again in %g s" % (self.url, passing, wait))
        time.sleep(wait)

    # -- one try -----------------------------------------------------------------------------------
    def _try(self) -> Any:
        from enve_fire.fetch.web.http import ask

        start, tag = self._part.begun()
        headers = {"Range": "bytes=%d-" % start, "If-Range": tag} if start else dict(self._known)
        asked = {name: value for name, value in headers.items() if value}
        try:
            answer = ask(self.url, asked, self.how.patience, self.how.environ)
        except Trouble as trouble:
            raise trouble.of(self.url) from None
        with answer:
            return self._take(answer, start)

    def _take(self, answer: Answer, start: int) -> Any:
        if answer.status == UNCHANGED and any(self._known.values()) and not start:
            return None
        if answer.status == NO_RANGE or (
            answer.status == PARTIAL and not _continues(answer, start)
        ):
            self.drop()
            raise Passing("what came before is of no use")
        if answer.status not in (OK, PARTIAL):
            self._refused(answer)
        start = start if answer.status == PARTIAL else 0
        self._pour(answer, start)
        names = answer.header("ETag"), answer.header("Last-Modified")
        return Came(self._part.path, *names, resumed=bool(start))

    def _refused(self, answer: Answer) -> None:
        if answer.status in SHORTLY:
            wait = seconds(answer.header("Retry-After"))
            raise Passing("the server answers %d" % answer.status, wait)
        raise Answered(self.url, answer.status)

    def _pour(self, answer: Answer, start: int) -> None:
        length = answer.length
        total = None if length is None else start + length
        self._fit(total or 0)
        with open(self._part.path, "ab" if start else "wb") as file:
            if not start:
                self._part.name(answer)
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
        if total is None and not size:
            raise Passing("nothing came")
        if total is not None and size < total:
            raise Passing("cut off after %d of %d bytes" % (size, total))

    def _fit(self, size: int) -> None:
        if size > self.how.most:
            self.drop()
            text = "%s: more than %d bytes" % (self.url, self.how.most)
            raise Trouble(CHECKOUT, text, MORE)


def _continues(answer: Answer, start: int) -> bool:
    return answer.header("Content-Range").startswith("bytes %d-" % start)
