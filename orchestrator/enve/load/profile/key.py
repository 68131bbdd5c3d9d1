"""Which product is meant, and how its profile is to be read, as one text."""

from __future__ import annotations

import json
from typing import Any

from enve.load.profile.dep import Asked
from enve.load.yaml.item import Item
from enve_fire.core.url import Url


def key_of(url: Url, asked: Asked) -> str:
    """Equal keys: the same product, read in the same way."""
    layers = [item and _told(item) for item in (asked.inline, asked.config)]
    sets = [(name, str(value)) for name, value in asked.sets]
    return json.dumps([url.text, asked.profiles, layers, sets, asked.trust], sort_keys=True)


def _told(item: Item) -> Any:
    if item.is_table:
        return {str(key): _told(value) for key, value in item.entries("a layer")}
    if item.is_list:
        return [_told(one) for one in item.sequence("a layer")]
    return [item.node.tag, str(item)]
