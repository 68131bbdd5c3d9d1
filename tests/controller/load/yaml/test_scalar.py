"""What plain YAML scalars mean, and which are refused because others read them differently."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from enve.load.yaml import scalar


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "nothing"),
        ("~", "nothing"),
        ("null", "nothing"),
        ("true", "a boolean"),
        ("False", "a boolean"),
        ("0", "an integer"),
        ("-17", "an integer"),
        ("1.5", "a decimal"),
        ("1.2.3", "text"),
        ("10.0.0.1", "text"),
        ("no", "text"),
        ("2027-06-01", "text"),
        ("nullable", "text"),
        ("-", "text"),
    ],
)
def test_kinds(text: str, kind: str) -> None:
    assert scalar.kind(text) == kind
    assert not scalar.surprise(text) or text == "no"


BAD = "yes No ON off 012 0644 00 1:30 12:30:45 1_000 0x1F 0o17 0b11 1e5 1.5e-3 .inf -.INF .nan"
GOOD = "web01 v1.2 -x . .. 1.2.3.4 a:b 10:99 2027-06-01 0 -0 0.5"


@pytest.mark.parametrize("text", BAD.split())
def test_surprises(text: str) -> None:
    assert scalar.surprise(text)


@pytest.mark.parametrize("text", GOOD.split())
def test_no_surprises(text: str) -> None:
    assert not scalar.surprise(text)


_LIKELY = st.text(alphabet="0123456789-+.:_xobefnyYNOtrues", min_size=1, max_size=8)


@given(_LIKELY)
def test_what_passes_means_the_same_to_pyyaml(text: str) -> None:
    """A plain scalar without a surprise is read by YAML 1.1 as we read it (dates stay text)."""
    try:
        theirs = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return
    if text in ("---", "..."):
        return  # the ends of documents, and no scalars
    if scalar.surprise(text) or not isinstance(theirs, (int, float, str, bool, type(None))):
        return
    ours = scalar.value(text)
    if isinstance(theirs, float) and ours == text:
        return  # `1.` and `+.5`: text here; `data()` keeps it as it is written
    assert ours == theirs
    assert type(ours) is type(theirs)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("500ms", 500),
        ("2s", 2000),
        ("1.5s", 1500),
        ("10m", 600_000),
        ("10min", 600_000),
        ("1h30m", 5_400_000),
        ("7d", 604_800_000),
        ("10", None),
        ("", None),
        ("2x", None),
        ("s", None),
        ("-1s", None),
        ("1s ", None),
    ],
)
def test_durations(text: str, found: int | None) -> None:
    assert scalar.milliseconds(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0", 0),
        ("4096", 4096),
        ("64K", 65536),
        ("64 KiB", 65536),
        ("2G", 2 << 30),
        ("5B", 5),
        ("1.5G", None),
        ("K", None),
        ("-1", None),
        ("64kb", None),
    ],
)
def test_sizes(text: str, found: int | None) -> None:
    assert scalar.size(text) == found
