"""Hosts that show a certificate, by real sshd: who is trusted through an authority, and who is not;
and jump hosts, each of which has to be the right one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.controller.host.test_ssh_host import _nothing, node_of, on
from tests.support.lab import Lab, SshNode, make_key

from enve.errors import Unreachable
from enve.host.hostkey import Judge
from enve.host.options import SshOptions

pytestmark = pytest.mark.real


class Certified(SshNode):
    """Shows the certificate `host_key-cert.pub`."""

    def _config(self) -> str:
        return super()._config() + f"HostCertificate {self.folder}/host_key-cert.pub\n"

    def certify(self, authority: Path, name: str, validity: str) -> None:
        words = ["-s", str(authority), "-I", "n1", "-h", "-n", name, "-V", validity]
        key = str(self.folder / "host_key.pub")
        subprocess.run(["ssh-keygen", "-q", *words, key], check=True, capture_output=True)


@pytest.fixture
def lab() -> Iterator[Lab]:
    made = Lab(2)
    first = made.nodes[0]
    first.__class__ = Certified
    yield made
    made.end()


CASES = {
    "good": ("{address}", "+1d", "@cert-authority {place} {ca}\n", ""),
    "by another authority": ("{address}", "+1d", "@cert-authority {place} {other}\n", "hostkey"),
    "over": ("{address}", "20200101:20200102", "@cert-authority {place} {ca}\n", "hostkey"),
    "of another name": ("elsewhere", "+1d", "@cert-authority {place} {ca}\n", "hostkey"),
    "an authority of other hosts": ("{address}", "+1d", "@cert-authority *.org {ca}\n", "hostkey"),
    "a revoked authority": (
        *("{address}", "+1d"),
        "@cert-authority {place} {ca}\n@revoked * {ca}\n",
        "hostkey",
    ),
    "a revoked key": (
        *("{address}", "+1d"),
        "@cert-authority {place} {ca}\n@revoked {place} {key}\n",
        "hostkey",
    ),
}


@pytest.mark.parametrize("accept_new", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_a_certificate(case: str, accept_new: bool, lab: Lab, tmp_path: Path) -> None:
    name, validity, text, kind = CASES[case]
    node = lab.nodes[0]
    assert isinstance(node, Certified)
    make_key(tmp_path / "ca")
    make_key(tmp_path / "other")
    node.certify(tmp_path / "ca", name.format(address=node.address), validity)
    node.start()
    known = tmp_path / "known"
    known.write_text(
        text.format(
            place=f"[{node.address}]:{node.port}",
            ca=(tmp_path / "ca.pub").read_text().strip(),
            other=(tmp_path / "other.pub").read_text().strip(),
            key=node.host_key,
        )
    )
    options = SshOptions(
        tmp_path / "own", known_hosts=(str(known),), ssh_config="none", accept_new=accept_new
    )
    if not kind:
        on(node_of(node), options, _nothing)
        return
    with pytest.raises(Unreachable) as caught:
        on(node_of(node), options, _nothing)
    assert caught.value.kind == kind, caught.value
    assert not (tmp_path / "own").exists()


def test_a_revoked_key_behind_a_certificate_whatever_asyncssh_looks_at(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = lab.nodes[0]
    assert isinstance(node, Certified)
    make_key(tmp_path / "ca")
    node.certify(tmp_path / "ca", node.address, "+1d")
    node.start()
    authority = (tmp_path / "ca.pub").read_text().strip()
    text = f"@cert-authority * {authority}\n@revoked * {node.host_key}\n"
    (tmp_path / "known").write_text(text)
    options = SshOptions(
        tmp_path / "own", known_hosts=(str(tmp_path / "known"),), ssh_config="none"
    )
    told = property(lambda judge: (judge._known.keys, judge._known.authorities, []))
    monkeypatch.setattr(Judge, "trusted", told)
    with pytest.raises(Unreachable, match="is marked as revoked") as caught:
        on(node_of(node), options, _nothing)
    assert caught.value.kind == "hostkey"


@pytest.mark.parametrize("known", ["neither", "the node alone", "another key for the jump host"])
def test_a_jump_host_has_to_be_the_right_one(known: str, tmp_path: Path) -> None:
    with Lab(2) as made:
        jump, node = made.nodes
        text = "" if known == "neither" else node.known_hosts_line
        if known.startswith("another"):
            text += f"[{jump.address}]:{jump.port} {node.host_key}\n"
        (tmp_path / "known").write_text(text)
        way = f"{jump.user}@{jump.address}:{jump.port}"
        options = SshOptions(
            tmp_path / "own",
            known_hosts=(str(tmp_path / "known"),),
            ssh_config="none",
            private_key=str(node.key),
        )
        with pytest.raises(Unreachable, match="jump host") as caught:
            on(node_of(node, jump=way, host_key="accept-new"), options, _nothing)
        assert caught.value.kind == "hostkey"
        accepting = replace(options, accept_new=True)
        if known.startswith("another"):
            with pytest.raises(Unreachable, match="jump host"):
                on(node_of(node, jump=way), accepting, _nothing)
        else:
            on(node_of(node, jump=way), accepting, _nothing)
