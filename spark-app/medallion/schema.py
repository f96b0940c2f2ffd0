"""The columns of every sink, in the order of the output contract, and the fields of an event."""

from __future__ import annotations

#: Fields of an event, in the order in which the producer writes them.
EVENT_FIELDS = (
    "txn_id",
    "event_ts",
    "user_id",
    "card_id",
    "merchant",
    "category",
    "amount",
    "currency",
    "status",
    "city",
    "country",
    "lat",
    "lon",
)

#: Fields of the event that must be JSON numbers; an amount has at most two decimals.
NUMBER_FIELDS = ("amount", "lat", "lon")
#: Fields of the event that must be JSON text (an integer is taken as its digits).
TEXT_FIELDS = tuple(name for name in EVENT_FIELDS if name not in NUMBER_FIELDS)
#: Text fields whose type has to be checked: an event_ts of another type is no ISO text anyway.
CHECKED_TEXTS = tuple(name for name in TEXT_FIELDS if name != "event_ts")

#: Where a record came from; joins every silver and quarantine row to its bronze row.
LINEAGE = ("topic", "partition", "offset")

BRONZE_COLUMNS = ("key", "value", "kafka_ts", *LINEAGE)

SILVER_COLUMNS = (
    "txn_id",
    "user_id",
    "card_id",
    "merchant",
    "category",
    "amount",
    "currency",
    "status",
    "city",
    "country",
    "lat",
    "lon",
    "event_time",
    "kafka_ts",
    *LINEAGE,
)

QUARANTINE_COLUMNS = ("bad_json", "bad_ingest_ts", "reason", *LINEAGE)

RAW_CSV_COLUMNS = (
    "txn_id",
    "event_time",
    "user_id",
    "card_id",
    "merchant",
    "category",
    "amount",
    "currency",
    "status",
    "city",
    "country",
    "lat",
    "lon",
)

#: An amount in silver: 16 digits before the point, two after it.
AMOUNT_TYPE = "decimal(18,2)"

#: A lat or lon beyond it was an overflow such as 1e400, which the parser reads as infinity.
LARGEST_DOUBLE = 1.7976931348623157e308

#: Bronze as Spark's readers take it.
BRONZE_SCHEMA = "key string, value string, kafka_ts timestamp, topic string, partition int, offset bigint"

#: Silver as Spark's readers take it.
SILVER_SCHEMA = (
    "txn_id string, user_id string, card_id string, merchant string, category string, "
    f"amount {AMOUNT_TYPE}, currency string, status string, city string, country string, lat double, "
    "lon double, event_time timestamp, kafka_ts timestamp, topic string, partition int, offset bigint"
)
