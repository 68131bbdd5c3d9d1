"""`verify [PLACE...]`: whether what was installed and set up is as it was laid
(docs/reference/verify.md)."""

from __future__ import annotations

import os
import sys

from enve_fire.core.trouble import FAILED, INPUT, Trouble
from enve_fire.stage.verify.drift import AWAY, DAMAGED, INSTALL, PLACE, SAME, SETTLE, SETUP
from enve_fire.tree.difference import Difference
from enve_fire.verb.words import Words
from enve_pm.client import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from enve_fire.stage.verify.drift import Document

FLAGS = {"--no-extra": False, "--forget": False, "-o": True}
DONE = {INSTALL: "installed in", SETUP: "set up in", SETTLE: "settled in"}
USE = """\
verify [PLACE...] [--no-extra] [--forget] [-o json]
compares what was installed, set up and settled with what is there now
PLACE: the folder that it was installed into, anything in it, or a folder with several of them; else
all that you have: installs in the store, roots of what you ran, the spots of the pm whose program
this is. --no-extra: pass by what was not there when it was laid
--forget: what differs counts as not done, so that it is done again when it is wanted
exit: 0 the same, 3 something differs or cannot be read, 64, 65 a mark is damaged"""


def main(words: Sequence[str]) -> int:
    """Raises Trouble, OSError."""
    from enve_fire.app.verify import verify

    if words and words[0] in ("-h", "--help", "help"):
        print(USE)
        return 0
    found = Words(words, FLAGS)
    form = found.format()
    places = found.takes(0, 1000, "verify [PLACE...] and its flags")
    extra, forget = not found.has("--no-extra"), found.has("--forget")
    documents = verify(places, os.environ, extra, forget, _report)
    wrong = [one for one in documents if one["state"] not in (SAME, AWAY)]
    code = _code(wrong)
    if form == "json":
        _json(documents, len(wrong))
        return code
    for one in documents:
        _show(one)
    if code:
        told = "%d of %d: not as they were laid" % (len(wrong), len(documents))
        raise Trouble(code, told, "" if forget else "--forget has it done again when it is wanted")
    print("%d as they were laid" % len(documents))
    return 0


def _report(line: str) -> None:
    print(line, file=sys.stderr)


def _code(wrong: Sequence[Document]) -> int:
    if any(one["state"] == DAMAGED for one in wrong):
        return INPUT
    return FAILED if wrong else 0


def _show(one: Document) -> None:
    if one["state"] == SAME:
        return
    what = "%s, %s " % (one["product"] or "?", DONE[one["stage"]]) if one["stage"] != PLACE else ""
    lines = [what + one["root"]]
    lines += ["  " + one["says"]] if one["says"] else []
    for line in lines + ["  " + Difference(**row).said() for row in one["differences"]]:
        print(plain.text(line.replace("\n", "\\n")))  # a name forges no line


def _json(documents: Sequence[Document], wrong: int) -> None:
    from enve_pm.core.canonical import dumps

    print(dumps({"v": 1, "stages": documents, "wrong": wrong}).decode())
