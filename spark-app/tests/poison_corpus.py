"""Values that are hard to parse, each with its documented outcome. The end-to-end test also sends
them through a real stack.

A line of the fixture is `{"name", "value", "reason"}`: the value is null, or parts that make up its
bytes (a text, a text repeated `times`, bytes in base64); the reason is null for a silver row.
`silver` has some of that row's values as text, `key` the record's key in the same form.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Optional

_FIXTURE = Path(__file__).parents[2] / "data" / "fixtures" / "poison-corpus.jsonl"
POISON: list[dict[str, Any]] = [json.loads(line) for line in _FIXTURE.read_text("utf-8").splitlines()]


def bytes_of(parts: Optional[list[Any]]) -> Optional[bytes]:
    """A value of the fixture as the bytes of a record."""
    return None if parts is None else b"".join(map(_part, parts))


def _part(part: Any) -> bytes:
    if isinstance(part, str):
        return part.encode("utf-8")
    if "base64" in part:
        return base64.b64decode(part["base64"])
    return bytes(part["text"].encode("utf-8") * part["times"])
