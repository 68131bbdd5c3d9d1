"""The schema of a profile for editors: JSON Schema, made of the one definition of its keys.

It can say less than a loader: what templates make, what is said twice, and where a secret stands
are seen only when a profile is loaded. It refuses nothing that loads.
"""

from __future__ import annotations

from typing import Any

from enve.load.profile.form import FORM, LAYER
from enve.load.profile.kinds import Schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """Of a whole profile, for editors."""
    whole = FORM.schema()
    layer = whole["properties"]["profiles"]["anyOf"][0]["additionalProperties"]["anyOf"][0]
    return {
        "$schema": DIALECT,
        "title": "enve.yml, the profile of a product",
        "$defs": {name: _named(layer["properties"], name) for name in LAYER.keys},
        **whole,
        "properties": {**whole["properties"], **layer["properties"]},
    }


def _named(properties: dict[str, Schema], name: str) -> Schema:
    """What a key takes, said once: at the top and in each of the profiles it is the same."""
    said = properties[name]
    properties[name] = {"$ref": f"#/$defs/{name}"}
    return said
