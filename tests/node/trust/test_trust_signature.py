"""Real signatures by real gpg, judged by real gpgv as a limited child: one kind is good."""

from __future__ import annotations

import os
import pwd
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.keys import KeyHome

from enve_pm.core.refusal import KEYHOLE, LACKS, SIGNATURE, Refused
from enve_pm.shell.events.loop import Loop
from enve_pm.shell.events.system import System
from enve_pm.shell.plan import verify
from enve_pm.wire import openpgp
from enve_pm.wire.pae import pae

pytestmark = pytest.mark.real

DATA = pae("plan", b'{"a":1}')
OTHER = pae("plan", b'{"a":2}')
THEN = "--faked-system-time=20200101T000000!"


class Smith:
    """Makes keys and signatures of every kind, good and bad."""

    def __init__(self, home: KeyHome) -> None:
        self.home = home
        self.alice = home.make("alice")
        self.mallory = home.make("mallory")
        self.rsa = home.make("rita", algorithm="rsa2048")

    def gpg(self, *arguments: str, data: bytes = b"") -> bytes:
        return self.home.gpg("--passphrase", "", *arguments, data=data)

    def sign(self, who: str, *options: str, data: bytes = DATA) -> bytes:
        return self.gpg(*options, "--local-user", who, "--detach-sign", data=data)

    def by_subkey(self) -> tuple[str, bytes]:
        fpr = self.home.make("susan")
        self.gpg("--quick-add-key", fpr, "ed25519", "sign", "never")
        return fpr, self.sign(fpr)

    def of_2020(self, name: str, life: str) -> str:
        self.gpg(THEN, "--quick-gen-key", name, "ed25519", "sign", life)
        return self.home.fingerprint(name)

    def expired(self) -> tuple[str, bytes]:
        """A key that was good for a minute, and its signature of then."""
        fpr = self.of_2020("erik", "seconds=60")
        return fpr, self.sign(fpr, THEN)

    def expired_signature(self) -> tuple[str, bytes]:
        fpr = self.of_2020("eva", "never")
        return fpr, self.sign(fpr, THEN, "--default-sig-expire", "1d")

    def revoked(self) -> tuple[str, bytes]:
        fpr = self.home.make("rob")
        sig = self.sign(fpr)
        path = self.home.path / "openpgp-revocs.d" / f"{fpr}.rev"
        text = path.read_text().replace(":-----BEGIN", "-----BEGIN")
        self.gpg("--import", data=text.encode())
        return fpr, sig


@pytest.fixture(scope="module")
def smith() -> Iterator[Smith]:
    with KeyHome() as home:
        yield Smith(home)


class Judge:
    """Asks the verifier, turning a loop until it answers."""

    def __init__(self, folder: Path) -> None:
        verify.make_folder(str(folder))
        self.folder = folder
        self.loop = Loop(System())
        self.loop._listen()
        self.verifier = verify.Verifier(self.loop, str(folder), "")

    def ask(self, ring: bytes, sig: bytes, fingerprint: str, data: bytes = DATA) -> str:
        """ "" for a good signature, else the code of the refusal."""
        try:
            openpgp.check(sig)
        except Refused as refused:
            return refused.code
        answers: list[Refused | None] = []
        self.verifier.start(ring, sig, data, fingerprint, answers.append)
        end = time.monotonic() + 60
        while not answers:
            assert time.monotonic() < end
            self.loop.turn(self.loop.system.now() + 100)
        assert list(self.folder.iterdir()) == []
        return answers[0].code if answers[0] else ""


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    return Judge(tmp_path / "verify")


Make = Callable[[Smith], tuple[str, bytes]]

GOOD: dict[str, Make] = {
    "ed25519": lambda s: (s.alice, s.sign(s.alice)),
    "rsa": lambda s: (s.rsa, s.sign(s.rsa)),
    "sha384": lambda s: (s.rsa, s.sign(s.rsa, "--digest-algo", "SHA384")),
    "sha512": lambda s: (s.alice, s.sign(s.alice, "--digest-algo", "SHA512")),
    "a subkey of the key": lambda s: s.by_subkey(),
    "from the future": lambda s: (
        s.alice,
        s.sign(s.alice, "--faked-system-time", "20990101T000000"),
    ),
}
BAD: dict[str, Make] = {
    "of other data": lambda s: (s.alice, s.sign(s.alice, data=OTHER)),
    "without the type": lambda s: (s.alice, s.sign(s.alice, data=b'{"a":1}')),
    "of another type": lambda s: (s.alice, s.sign(s.alice, data=pae("beat", b'{"a":1}'))),
    "by another key": lambda s: (s.alice, s.sign(s.mallory)),
    "of a length that lies": lambda s: (s.alice, s.sign(s.alice, data=b'enve1 plan 8\n{"a":1}')),
    "expired": lambda s: s.expired_signature(),
    "sha1": lambda s: (s.rsa, s.sign(s.rsa, "--digest-algo", "SHA1", "--allow-weak-digest-algos")),
    "ripemd160": lambda s: (
        s.rsa,
        s.sign(s.rsa, "--digest-algo", "RIPEMD160", "--allow-weak-digest-algos"),
    ),
    "sha224": lambda s: (s.rsa, s.sign(s.rsa, "--digest-algo", "SHA224")),
    "doubled": lambda s: (s.alice, s.sign(s.alice) * 2),
    "two signers": lambda s: (
        s.alice,
        s.gpg("-u", s.alice, "-u", s.mallory, "--detach-sign", data=DATA),
    ),
    "text mode": lambda s: (s.alice, s.sign(s.alice, "--textmode")),
    "armored": lambda s: (s.alice, s.sign(s.alice, "--armor")),
    "clear text": lambda s: (s.alice, s.gpg("-u", s.alice, "--clear-sign", data=DATA)),
    "not detached": lambda s: (s.alice, s.gpg("-u", s.alice, "--sign", data=DATA)),
    "oversized": lambda s: (
        s.alice,
        s.sign(s.alice, "--sig-notation", "x@example=" + "y" * 2100),
    ),
    "a user id behind it": lambda s: (s.alice, s.sign(s.alice) + b"\xb4\x01x"),
    "a newline behind it": lambda s: (s.alice, s.sign(s.alice) + b"\n"),
    "a key certification": lambda s: (s.alice, certification(s)),
    "nothing": lambda s: (s.alice, b""),
    "the data itself": lambda s: (s.alice, DATA),
}


def certification(smith: Smith) -> bytes:
    """The packet by which alice's key certifies her own name: class 13."""
    packets = openpgp.packets(smith.home.public(smith.alice))
    body = next(body for tag, body in packets if tag == openpgp.SIGNATURE_TAG)
    return bytes([0xC0 | openpgp.SIGNATURE_TAG, len(body)]) + body


@pytest.mark.parametrize("name", GOOD)
def test_good(name: str, smith: Smith, judge: Judge) -> None:
    fingerprint, sig = GOOD[name](smith)
    ring = smith.home.public(fingerprint)
    assert judge.ask(ring, sig, fingerprint) == ""
    assert openpgp.issued_by(openpgp.ring(ring), openpgp.check(sig))


@pytest.mark.parametrize("name", BAD)
def test_bad(name: str, smith: Smith, judge: Judge) -> None:
    fingerprint, sig = BAD[name](smith)
    assert judge.ask(smith.home.public(fingerprint), sig, fingerprint) == SIGNATURE


def test_a_key_that_is_over(smith: Smith, judge: Judge) -> None:
    fingerprint, sig = smith.expired()
    assert judge.ask(smith.home.public(fingerprint), sig, fingerprint) == KEYHOLE
    fingerprint, sig = smith.revoked()
    assert judge.ask(smith.home.public(fingerprint), sig, fingerprint) == KEYHOLE


def test_the_keyhole_names_the_primary_key(smith: Smith, judge: Judge) -> None:
    fingerprint = smith.home.make("sven")
    smith.gpg("--quick-add-key", fingerprint, "ed25519", "sign", "never")
    sig, ring = smith.sign(fingerprint), smith.home.public(fingerprint)
    names = openpgp.ring(ring)
    assert openpgp.check(sig) == names.keys[1] != fingerprint
    assert judge.ask(ring, sig, fingerprint) == ""
    assert judge.ask(ring, sig, names.keys[1]) == SIGNATURE
    assert judge.ask(ring, sig, smith.alice) == SIGNATURE


def test_a_ring_that_is_none_or_is_somebody_elses(smith: Smith, judge: Judge) -> None:
    sig = smith.sign(smith.alice)
    armored = smith.gpg("--armor", "--export", smith.alice)
    for ring in (b"", b"garbage", armored, smith.home.public(smith.mallory)):
        assert judge.ask(ring, sig, smith.alice) == SIGNATURE


def test_every_cut_and_many_flips(smith: Smith, judge: Judge) -> None:
    ring, sig = smith.home.public(smith.alice), smith.sign(smith.alice)
    for end in range(len(sig)):
        assert judge.ask(ring, sig[:end], smith.alice) == SIGNATURE
    for at in covered(sig):
        wrong = bytearray(sig)
        wrong[at] ^= 1
        assert judge.ask(ring, bytes(wrong), smith.alice) == SIGNATURE, at


def covered(sig: bytes) -> list[int]:
    """Places of a short signature that count: what it covers itself, and its two numbers. (Hints
    that are not covered, and lengths of numbers with leading zeros, may differ.)"""
    hashed = 2 + 6 + int.from_bytes(sig[6:8], "big")
    at = hashed + 2 + int.from_bytes(sig[hashed : hashed + 2], "big") + 2
    places = list(range(hashed))
    while at < len(sig):
        size = (int.from_bytes(sig[at : at + 2], "big") + 7) // 8
        places += range(at + 2, at + 2 + size)
        at += 2 + size
    return places


def test_the_data_is_bound_to_its_last_byte(smith: Smith, judge: Judge) -> None:
    ring, sig = smith.home.public(smith.alice), smith.sign(smith.alice)
    for data in (DATA[:-1], DATA + b"\n", DATA.replace(b"1", b"2"), b"", DATA.upper()):
        assert judge.ask(ring, sig, smith.alice, data) == SIGNATURE


def test_a_gpgv_that_hangs_is_ended(
    smith: Smith, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "DEADLINE", 300)
    monkeypatch.setattr(verify.Verifier, "argv", lambda self, folder: ["/bin/sleep", "100"])
    began = time.monotonic()
    assert judge.ask(smith.home.public(smith.alice), smith.sign(smith.alice), smith.alice)
    assert time.monotonic() - began < 50


def test_a_gpgv_that_is_missing_or_prints_without_end(
    smith: Smith, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring, sig = smith.home.public(smith.alice), smith.sign(smith.alice)
    commands = {
        ("/nowhere/gpgv",): LACKS,
        ("/bin/sh", "-c", "exec /nowhere/gpgv"): LACKS,
        ("/bin/sh", "-c", "yes >&3"): SIGNATURE,
        ("/bin/sh", "-c", "exit 0"): SIGNATURE,
    }
    for command, code in commands.items():
        monkeypatch.setattr(verify, "DEADLINE", 2000)
        monkeypatch.setattr(verify.Verifier, "argv", lambda self, folder, c=command: list(c))
        assert judge.ask(ring, sig, smith.alice) == code


def test_its_limits_hold(judge: Judge) -> None:
    """What the child is started through sets hard limits and no_new_privs."""
    script = "ulimit -Ht; ulimit -Hv; ulimit -Hc; ulimit -Hn; grep NoNewPrivs /proc/self/status"
    argv = judge.verifier.argv("/nowhere")
    at = next(n for n, word in enumerate(argv) if word.endswith("/gpgv"))
    done = subprocess.run(
        [*argv[:at], "/bin/sh", "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["5", "524288", "0", "32", "NoNewPrivs:", "1"]


if os.geteuid() == 0:

    def test_as_another_user(smith: Smith) -> None:
        """As in a system install; `nobody` stands for the user that deploy makes."""
        with tempfile.TemporaryDirectory(dir="/tmp") as path:
            Path(path).chmod(0o711)
            judge = Judge(Path(path) / "verify")
            judge.verifier.user = "nobody"
            ring, sig = smith.home.public(smith.alice), smith.sign(smith.alice)
            assert judge.ask(ring, sig, smith.alice) == ""
            assert judge.ask(ring, sig, smith.alice, OTHER) == SIGNATURE
            argv = judge.verifier.argv("/nowhere")
            at = next(n for n, word in enumerate(argv) if word.endswith("/gpgv"))
            script = "id -u; id -G; grep -E 'CapBnd|CapPrm' /proc/self/status"
            done = subprocess.run(
                [*argv[:at], "/bin/sh", "-c", script], capture_output=True, text=True, check=True
            )
            nobody = pwd.getpwnam("nobody")
            uid, gid, *caps = done.stdout.split()
            assert (uid, gid) == (str(nobody.pw_uid), str(nobody.pw_gid))
            assert caps == ["CapPrm:", "0" * 16, "CapBnd:", "0" * 16]
            judge.verifier.user = "nobody-at-all"
            assert judge.ask(ring, sig, smith.alice) == LACKS


def test_one_check_takes_milliseconds(smith: Smith, judge: Judge) -> None:
    """Of CPU, pm's and gpgv's together, on a machine that may be busy."""
    ring, sig = smith.home.public(smith.alice), smith.sign(smith.alice)
    assert judge.ask(ring, sig, smith.alice) == ""
    before = sum(os.times()[:4])
    for _ in range(10):
        assert judge.ask(ring, sig, smith.alice) == ""
    assert (sum(os.times()[:4]) - before) / 10 < 0.1
