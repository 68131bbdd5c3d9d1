"""`_load`: bring one stream. What is asked comes on stdin, canonical JSON:

    {"node", "folder", "size", "ms", "again", "source": {"file" | "url" [, "ca"] | "command"}}

On descriptor 3 goes, to pm, either `stream LF` and the stream, or `good TEXT` or `bad TEXT`; on 4
comes, after a stream, what pm says of it: `good TEXT` or `bad TEXT`. exit 0: good; 1: bad.
`folder` is the only place that is written to; `again`: pm still has what was brought last.
"""

from __future__ import annotations

import os
import signal

from enve_pm.core.brought import NEWS, shown
from enve_pm.core.canonical import dumps, loads
from enve_pm.core.refusal import FormatError
from enve_pm.core.unit import UnitError
from enve_pm.loader import source, web
from enve_pm.loader.carve import carve
from enve_pm.loader.trouble import Nothing, Trouble
from enve_pm.shell.state.files import Files
from enve_pm.shell.state.handle import write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType
    from typing import IO, Any

    Asked = dict[str, Any]

TO_PM, FROM_PM = 3, 4
GOOD, BAD = 0, 1
ASKED = 1 << 20  # bytes of what is asked
MARKS = ".fetched"  # in the folder: what the server said of what was taken last
INBOX = ".inbox"  # in the folder: files of a plan that are too large for the stream
LONGEST = 8192  # bytes of the file of marks


def main(arguments: Sequence[str]) -> int:
    """See above."""
    os.umask(0o077)
    with os.fdopen(0, "rb", closefd=False) as stdin:
        asked: Asked = loads(stdin.read(ASKED))
    for handle in (TO_PM, FROM_PM):
        os.set_inheritable(handle, False)  # a command has no part in it
    signal.signal(signal.SIGALRM, _late)
    signal.setitimer(signal.ITIMER_REAL, asked["ms"] / 1000)
    try:
        return _bring(asked)
    except Nothing as nothing:
        return _say("good", NEWS + shown(nothing))
    except (Trouble, FormatError, UnitError) as trouble:
        return _say("bad", shown(trouble))
    except BrokenPipeError:
        return GOOD  # pm is replaced by another program, which will ask again
    except OSError as error:
        return _say("bad", shown("%s: %s" % (error.filename or "files", error.strerror or error)))


def _late(number: int, frame: FrameType | None) -> None:
    raise Trouble("it is not done in time")


def _bring(asked: Asked) -> int:
    inbox = _empty(asked["folder"] + "/" + INBOX)
    file, marks = _opened(asked)
    with file:
        stream = carve(file, asked["node"], inbox)
    signal.setitimer(signal.ITIMER_REAL, 0)
    write_all(TO_PM, b"stream\n" + stream)
    os.close(TO_PM)
    with os.fdopen(FROM_PM, "rb") as answer:
        word, _, text = answer.readline().decode().strip().partition(" ")
    _empty(inbox)
    if not word:
        return GOOD  # likewise
    print(text, flush=True)
    if word == "good" and marks:
        _remember(asked["folder"], marks)
    return GOOD if word == "good" else BAD


def _opened(asked: Asked) -> tuple[IO[bytes], dict[str, str]]:
    """What was brought, and the marks of it."""
    what, folder, limit = asked["source"], asked["folder"], asked["size"]
    if "file" in what:
        return source.of_file(what["file"], limit), {}
    if "command" in what:
        return source.of_command(what["command"], folder, limit), {}
    target = source.scratch(folder)
    url = what["url"]
    known = _known(folder, url) if asked["again"] else {}
    marks = web.fetch(url, what.get("ca", ""), known, target, limit)
    target.seek(0)
    return target, {**marks, "url": url}


def _known(folder: str, url: str) -> dict[str, str]:
    try:
        marks = loads(Files().read_regular(folder + "/" + MARKS, LONGEST))
    except (OSError, FormatError):
        return {}
    good = isinstance(marks, dict) and marks.get("url") == url
    return {key: mark for key, mark in marks.items() if key in web.MARKS} if good else {}


def _remember(folder: str, marks: dict[str, str]) -> None:
    try:
        Files().replace(folder + "/" + MARKS, dumps(marks))
    except OSError:
        pass  # it is asked for as a whole the next time


def _empty(folder: str) -> str:
    """A folder of ours without anything in it."""
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        for name in os.listdir(folder):
            os.unlink(folder + "/" + name)
    return folder


def _say(word: str, text: str) -> int:
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(text, flush=True)
    try:
        write_all(TO_PM, ("%s %s\n" % (word, text)).encode("utf-8", "replace"))
    except OSError:
        pass  # pm does not listen any more
    return GOOD if word == "good" else BAD
