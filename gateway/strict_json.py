"""JSON that can be read in one way only: UTF-8, and no object names a field twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import orjson


def read(text: bytes) -> Any:
    """Return what the text holds; ValueError for anything that two JSON readers could disagree on."""
    try:
        document = orjson.loads(text)
        # Compact JSON that is written back to the same bytes had no field twice: orjson keeps the last one only.
        # Messages of the adapters pass here; others take the slower reader, which sees every field.
        if orjson.dumps(document) == text:
            return document
        return json.loads(text.decode("utf-8"), object_pairs_hook=_no_field_twice, parse_constant=_refuse)
    except (orjson.JSONEncodeError, RecursionError):
        # One reads deeper than it writes.
        raise ValueError("nested too deep") from None


def _no_field_twice(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field is named twice")
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
