"""A signed plan in a file: it comes back as it was, or is told to be none."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enve.app import signedfile, signedread
from enve.app.signedfile import Content
from enve.core import parts
from enve.core.parts import Place
from enve.core.streams import SMALL
from enve.errors import InputError, MissingError
from enve.model.plan import Blob, NodePlan, RenderedPlan


def blob(data: bytes, path: Path | None = None) -> Blob:
    digest = hashlib.sha256(data).hexdigest()
    if path is None:
        return Blob(digest, len(data), data)
    path.write_bytes(data)
    return Blob(digest, len(data), path=path)


def content(*blobs: Blob, nodes: int = 3) -> Content:
    each = {f"n{at}": NodePlan(f"n{at}", {"web": f'{{"n":{at}}}'}) for at in range(nodes)}
    plan = RenderedPlan("shop", "d", "main", each, {})
    built = parts.build(plan, (), {}, lambda: "0" * 32)
    raw = parts.head(plan, Place(1, ()), parts.tree(built), 1)
    signed = parts.signed(raw, (b"one", b"two"), built, ("", ""))
    return Content(signed, {one.sha256: one for one in blobs}, {"a" * 64: "shop.tgz"})


def test_everything_comes_back(tmp_path: Path) -> None:
    small, large = blob(b"small"), blob(b"L" * (SMALL * 3), tmp_path / "large")
    wrote = content(small, large)
    file = tmp_path / "plan.signed"
    signedfile.write(file, wrote)
    assert file.stat().st_mode & 0o777 == 0o600
    assert signedfile.is_signed(file)
    assert signedread.read_head(file) == wrote.plan.signed
    folder = tmp_path / "blobs"
    folder.mkdir()
    got = signedread.read(file, folder)
    assert (got.plan, got.names) == (wrote.plan, wrote.names)
    assert got.blobs[small.sha256].data == b"small"
    path = got.blobs[large.sha256].path
    assert path is not None
    assert path.read_bytes() == b"L" * (SMALL * 3)
    assert signedread.read(file).blobs == {}


def test_a_head_alone_can_be_kept_but_not_marched(tmp_path: Path) -> None:
    whole = content()
    file = tmp_path / "head"
    signedfile.write(file, Content(type(whole.plan)(whole.plan.signed, {}, {})))
    assert signedread.read_head(file) == whole.plan.signed
    with pytest.raises(InputError, match="cut short"):
        signedread.read(file)


def test_a_plan_in_yaml_is_no_signed_one(tmp_path: Path) -> None:
    file = tmp_path / "plan.yml"
    file.write_text("plan: shop\n")
    assert not signedfile.is_signed(file)
    assert not signedfile.is_signed(tmp_path)
    with pytest.raises(InputError, match="not a signed plan"):
        signedread.read(file)
    with pytest.raises(InputError, match="cannot be read"):
        signedread.read(tmp_path / "missing")


def test_a_changed_artifact_is_found_while_it_is_written(tmp_path: Path) -> None:
    large = blob(b"L" * 10, tmp_path / "large")
    (tmp_path / "large").write_bytes(b"M" * 10)
    with pytest.raises(InputError, match="changed"):
        signedfile.write(tmp_path / "out", content(large))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["large"]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="cannot write"):
        signedfile.write(tmp_path / "none" / "out", content())


def test_a_folder_that_takes_no_large_files(tmp_path: Path) -> None:
    """A full disk, say: an error that has a name, and that history is passed over for."""
    large = blob(b"L" * (SMALL * 3), tmp_path / "large")
    signedfile.write(tmp_path / "plan", content(large))
    with pytest.raises(MissingError, match="cannot unpack"):
        signedread.read(tmp_path / "plan", tmp_path / "none")


@pytest.fixture
def written(tmp_path: Path) -> bytes:
    signedfile.write(tmp_path / "plan", content(blob(b"small"), nodes=2))
    return (tmp_path / "plan").read_bytes()


def test_cut_at_every_byte(written: bytes, tmp_path: Path) -> None:
    file, folder = tmp_path / "cut", tmp_path
    for end in range(len(written)):
        file.write_bytes(written[:end])
        with pytest.raises(InputError):
            signedread.read(file, folder)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(at=st.integers(0, 3000), noise=st.binary(min_size=1, max_size=20))
def test_changed_bytes_never_make_another_plan(
    written: bytes, tmp_path: Path, at: int, noise: bytes
) -> None:
    file = tmp_path / "fuzzed"
    at %= len(written)
    file.write_bytes(written[:at] + noise + written[at + len(noise) :])
    with suppress(InputError):
        got = signedread.read(file, tmp_path)
        assert got.plan.parts == content(nodes=2).plan.parts
