"""The golden events, against which the TypeScript contract is also tested."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FIXTURE = Path(__file__).parents[2] / "data" / "fixtures" / "golden-events.jsonl"
EVENTS: list[dict[str, Any]] = [json.loads(line) for line in _FIXTURE.read_text("utf-8").splitlines()]
