"""The files that units name by hash: config files and products. They travel beside the part."""

from __future__ import annotations

from enve_pm.core.refusal import FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Iterator

    from enve_pm.core.unit import UnitSpec


def of(spec: UnitSpec) -> Iterator[Any]:
    """Each {"sha256", "size", ...} in a line: its files, then its product."""
    yield from spec.files.values()
    if spec.product:
        yield spec.product


def named(specs: Iterable[UnitSpec]) -> dict[str, int]:
    """{sha256: size} of everything that these units name; a hash has one size."""
    sizes: dict[str, int] = {}
    for spec in specs:
        for file in of(spec):
            if sizes.setdefault(file["sha256"], file["size"]) != file["size"]:
                raise FormatError("%s: the blob %s has two sizes" % (spec.name, file["sha256"]))
    return sizes
