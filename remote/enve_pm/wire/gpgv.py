"""What gpgv says: its status lines, read strictly ("Accepting, on the node", 2).

Its exit status is no verdict (0 for a revoked key, an expired key, SHA-1, a doubled signature),
and a text that is searched for can be planted in a user id. So every line is split on blanks, the
second word is the keyword, and all of the required ones must be there exactly once.
"""

from __future__ import annotations

from enve_pm.core.refusal import KEYHOLE, SIGNATURE, Refused

SIZE = 64 << 10
ONCE = ("NEWSIG", "GOODSIG", "VALIDSIG")
# keyword -> (code, why)
NEVER = {
    "BADSIG": (SIGNATURE, "the signature is bad"),
    "NO_PUBKEY": (SIGNATURE, "the signature is by another key"),
    "ERRSIG": (SIGNATURE, "the signature could not be checked"),
    "EXPSIG": (SIGNATURE, "the signature has expired"),
    "EXPKEYSIG": (KEYHOLE, "the key has expired"),
    "REVKEYSIG": (KEYHOLE, "the key is revoked"),
    "KEYEXPIRED": (KEYHOLE, "the key has expired"),
    "KEYREVOKED": (KEYHOLE, "the key is revoked"),
    "NODATA": (SIGNATURE, "there is no signature in it"),
    "ERROR": (SIGNATURE, "gpgv stopped"),
    "FAILURE": (SIGNATURE, "gpgv stopped"),
    "UNEXPECTED": (SIGNATURE, "gpgv found something else than a signature"),
    "BADARMOR": (SIGNATURE, "the signature is armored"),
}
HASHES = ("8", "9", "10")  # SHA-256, SHA-384, SHA-512
_MARK = "[GNUPG:]"
_FIELDS = 10  # of VALIDSIG: fpr date time expires version 0 algorithm hash class primary


def check(code: int, status: bytes, fingerprint: str) -> None:
    """Raise Refused unless gpgv has found exactly one good signature by this primary key.

    code: exit status of gpgv or -signal; status: all that it wrote to its status fd.
    """
    lines = _lines(status)
    words = [line[1] for line in lines]
    for word, (why_code, why) in NEVER.items():
        if word in words:
            raise Refused(why_code, why)
    if code != 0:
        raise Refused(SIGNATURE, "gpgv ended with %d" % code)
    for word in ONCE:
        if words.count(word) != 1:
            raise Refused(SIGNATURE, "gpgv said %s %d times" % (word, words.count(word)))
    _valid(lines[words.index("VALIDSIG")][2:], fingerprint)


def _lines(status: bytes) -> list[list[str]]:
    if len(status) >= SIZE or (status and not status.endswith(b"\n")):
        raise Refused(SIGNATURE, "gpgv's status is cut short")
    lines = [line.split(" ") for line in status.decode("latin-1").split("\n")[:-1]]
    if any(len(line) < 2 or line[0] != _MARK for line in lines):
        raise Refused(SIGNATURE, "gpgv's status holds a line that is none")
    return lines


def _valid(fields: list[str], fingerprint: str) -> None:
    if len(fields) != _FIELDS:
        raise Refused(SIGNATURE, "gpgv's VALIDSIG has %d fields" % len(fields))
    if fields[4] != "4" or fields[8] != "00" or fields[7] not in HASHES:
        raise Refused(SIGNATURE, "wanted version 4, class 00 and SHA-256 or better")
    if fields[9] != fingerprint:
        raise Refused(SIGNATURE, "the signature is by another key, %s" % fields[9][:40])
