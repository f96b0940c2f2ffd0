"""Fixture values whose outcome the contract's rules change, each with its reason now and the rule.

Everything else about the fixtures holds as it is. Goes once the fixtures have these outcomes.
"""

from __future__ import annotations

from typing import Optional

_HEADER = "a zero byte and four more are a Schema Registry header"
_REQUIRED = "a required field of another type is bad_<field>, whatever its type"
_NUMBER_AS_TEXT = "a JSON number is taken as the text of a text field, with a fraction or exponent, too"
_TEXT_AS_DECIMAL = "a decimal may be the same number as text"
_TIMES = "T may be small or a blank, Z small, seconds left out, an offset of hours alone"
_LAST = "the last of several members of one name counts"
_DEPTH = "999 levels within the event are no more than 1,000 in all"

_TEXT_FIELDS = ("user_id", "merchant", "category", "currency", "status", "city", "country")
_ALL_TEXTS = ("txn_id", "card_id", *_TEXT_FIELDS)

#: By the name of the value in poison-corpus.jsonl: the reason (None: silver) and the rule.
POISON: dict[str, tuple[Optional[str], str]] = {
    "a null byte before the event": ("schema_registry_header", _HEADER),
    "a magic byte and a schema id before the event": ("schema_registry_header", _HEADER),
    "a megabyte of null bytes": ("schema_registry_header", _HEADER),
    "the event in UTF-16, big endian": ("schema_registry_header", _HEADER),
    "every byte": ("schema_registry_header", _HEADER),
    "999 arrays within the event": (None, _DEPTH),
    "999 objects within the event": (None, _DEPTH),
    'the amount "1"': (None, _TEXT_AS_DECIMAL),
    'the amount "1.5"': (None, _TEXT_AS_DECIMAL),
    'the amount "1e5"': (None, _TEXT_AS_DECIMAL),
    "amount twice, first a text": (None, _TEXT_AS_DECIMAL),
    "amount twice, last a text": (None, _TEXT_AS_DECIMAL),
    "lat twice, first a text": (None, _LAST),
    **{f"{name} {number}": (None, _NUMBER_AS_TEXT) for name in _ALL_TEXTS for number in ("1.5", "1e3")},
    "user_id as 1e400": (None, _NUMBER_AS_TEXT),
    "user_id as 1e999999999": (None, _NUMBER_AS_TEXT),
    "user_id as 0.0": (None, _NUMBER_AS_TEXT),
    **{
        f"{name} {value}": (f"bad_{name}", _REQUIRED)
        for name in ("txn_id", "card_id")
        for value in ("true", "[]", '{"a":"b"}')
    },
    **{
        f"event_ts text {time}": (None, _TIMES)
        for time in (
            "2026-01-01T00:00",
            "2026-01-01T00:00Z",
            "2026-01-01t00:00:00z",
            "2026-01-01 00:00:00",
            "2026-01-01T00:00:00+01",
        )
    },
}

#: The same for golden-events.jsonl.
GOLDEN: dict[str, tuple[Optional[str], str]] = {
    "event_ts has no seconds": (None, _TIMES),
    "event_ts has a space for T": (None, _TIMES),
    "event_ts has a small t": (None, _TIMES),
    "event_ts has a small z": (None, _TIMES),
    "event_ts has an offset of hours only": (None, _TIMES),
    "amount is text": (None, _TEXT_AS_DECIMAL),
    "merchant is a fraction": (None, _NUMBER_AS_TEXT),
    "merchant is a number with an exponent": (None, _NUMBER_AS_TEXT),
    "txn_id is a fraction": (None, _NUMBER_AS_TEXT),
    "a text field twice, last a fraction": (None, _NUMBER_AS_TEXT),
    "a text field twice, last a number that overflows": (None, _NUMBER_AS_TEXT),
    "card_id is an object": ("bad_card_id", _REQUIRED),
}
