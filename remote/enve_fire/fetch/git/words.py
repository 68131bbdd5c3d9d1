"""What git says when it fails, as what is wrong and what to do next. Pure."""

from __future__ import annotations

from enve_fire.fetch.how import MORE
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence, Tuple

Said = namedtuple("Said", "message hint passing")  # passing: it may be over when one tries again
_LOGIN = "give ssh a key (ssh-add), use git+ssh, or put a password for the host into ~/.netrc"
_CERTIFICATE = "if the authority is your own, name its certificates in SSL_CERT_FILE"
_LATER = "see the host and its port, and https_proxy; else try again later"
_KNOWN: Sequence[Tuple[Tuple[str, ...], str, str, bool]] = (
    (
        ("Host key verification failed", "REMOTE HOST IDENTIFICATION HAS CHANGED"),
        "ssh does not know the host's key, or knows another",
        "connect once with ssh, compare the key with what its owner says, and keep it",
        False,
    ),
    (("cannot run ssh",), "the program ssh is missing here", "install openssh-client", False),
    (("Permission denied (",), "ssh: the host accepts no key of ours", _LOGIN, False),
    (
        ("could not read Username", "could not read Password", "terminal prompts disabled"),
        "it wants a user and a password",
        _LOGIN,
        False,
    ),
    (
        ("Authentication failed", "error: 401", "error: 403"),
        "the login is refused",
        _LOGIN,
        False,
    ),
    (
        ("certificate", "SSL peer", "gnutls_handshake", "SSL_ERROR", "TLS connect"),
        "its certificate is not good",
        _CERTIFICATE,
        False,
    ),
    (
        ("not found", "does not appear to be a git repository", "error: 404", "does not exist"),
        "there is no repository, or we may not see it",
        "see that the url is right",
        False,
    ),
    (("dubious ownership",), "the repository is another user's", "", False),
    (
        ('Protocol "http" not supported or disabled', "transport '", 'Protocol "http" disabled'),
        "it leads to another way of transport, which is refused",
        "take the url where it ends, if you trust it",
        False,
    ),
    (("No space left on device",), "no space is left", "enve store gc", False),
    (
        ("invalid index-pack output", "File too large"),
        "it is larger than the limit of a download, or damaged",
        MORE + "; or take a tag as an archive",
        False,
    ),
    (("Could not resolve host",), "no such host, or no name service", "see the url", True),
    (
        (
            "Connection refused",
            "Connection reset",
            "timed out",
            "Timeout was reached",
            "too slow",
            "early EOF",
            "unexpected disconnect",
            "hung up unexpectedly",
            "RPC failed",
            "No route to host",
            "Network is unreachable",
            "Failed to connect",
            "Couldn't connect",
            "error: 50",
            "Empty reply",
        ),
        "the server cannot be reached, or breaks off",
        _LATER,
        True,
    ),
)


def explained(stderr: str) -> Said:
    """The last words of git stay in the message: they name what it was about."""
    last = _last(stderr)
    for words, message, hint, passing in _KNOWN:
        if any(word in stderr for word in words):
            return Said("%s (git: %s)" % (message, last), hint, passing)
    return Said("git: %s" % last, "", False)


def _last(stderr: str) -> str:
    """The line that says most: the first that is fatal, else the last one."""
    lines = [line.strip() for line in stderr.replace("\r", "\n").split("\n") if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:", "ssh:"))]
    found = (fatal or lines[-1:] or ["it says nothing"])[0]
    shown = "".join(sign if sign.isprintable() else "?" for sign in found)
    return shown[:300]
