"""Silver, quarantine and raw_csv from the result of the parse, with the columns of a pipeline."""

from __future__ import annotations

import csv
import io
import json

from pyspark.sql import SparkSession

from medallion.quarantine import QUARANTINE_COLUMNS
from medallion.raw_csv import raw_csv
from medallion.silver import silver_columns
from tests.parsing import EVERYTHING, KAFKA_TIME, TRANSACTIONS, all_reasons, parsed, silver
from tests.test_parse import EVENT, ORDER


def test_the_default_pipeline_has_the_documented_columns_and_reasons() -> None:
    assert ", ".join(f"{name} {kind}" for name, kind in silver_columns(TRANSACTIONS).items()) == (
        "txn_id string, user_id string, card_id string, merchant string, category string, "
        "amount decimal(18,2), currency string, status string, city string, country string, lat double, "
        "lon double, event_time timestamp, kafka_ts timestamp, topic string, partition int, offset bigint"
    )
    assert all_reasons(TRANSACTIONS) == (
        *("null_value", "schema_registry_header", "not_json_object", "missing_txn_id", "bad_txn_id"),
        *("missing_card_id", "bad_card_id", "missing_event_ts", "bad_event_ts", "missing_amount"),
        *("bad_amount", "wrong_type"),
    )
    assert all_reasons(EVERYTHING)[-6:] == tuple(each.name for each in EVERYTHING.expect_or_quarantine)
    assert "unknown_field" in all_reasons(EVERYTHING)


def test_every_record_is_in_silver_or_in_quarantine(spark: SparkSession) -> None:
    rows = parsed(spark, [json.dumps(EVENT), "x", None], TRANSACTIONS)
    good, *_ = sorted(rows.select(*silver(TRANSACTIONS), "offset").collect(), key=lambda row: row.offset)
    assert (good.txn_id, str(good.amount), good.offset) == ("t", "1.25", 0)
    bad = rows.selectExpr(*(f"{source} as {name}" for name, source in QUARANTINE_COLUMNS.items()))
    none, first, second = sorted(bad.drop("bad_ingest_ts").collect(), key=lambda row: row.offset)
    assert (none.reason, none.detail) == (None, None)
    assert tuple(first) == ("x", "not_json_object", "x", "t", 0, 1)
    assert tuple(second) == (None, "null_value", "the record has no value", "t", 0, 2)
    assert KAFKA_TIME is not None


def test_raw_csv_has_nested_columns_as_json_and_reads_back(spark: SparkSession) -> None:
    shop = 'A "B", C'
    value = json.dumps({**ORDER, "shop": "Main Street", "customer": {"id": 7, "email": None}})
    rows = parsed(spark, [value], EVERYTHING)
    (line,) = rows.select(raw_csv(EVERYTHING)).first()
    (fields,) = csv.reader(io.StringIO(line, newline=""))
    read = dict(zip(EVERYTHING.raw_csv_columns, fields))
    assert read["event_time"] == "2026-01-01T00:00:00.000000Z"
    assert (read["quantity"], read["total"], read["offset"]) == ("3", "10.500", "0")
    assert json.loads(read["customer"]) == {"id": 7, "email": None, "credit": None, "address": None}
    assert json.loads(read["lines"])[0]["price"] == 1.25
    # A text is quoted only where necessary.
    event = json.dumps({**EVENT, "merchant": shop, "city": ""})
    plain = parsed(spark, [event], TRANSACTIONS)
    (line,) = plain.select(raw_csv(TRANSACTIONS)).first()
    assert line == 't,2026-01-01T00:00:00.000000Z,,c,"A ""B"", C",,1.25,,,"",,,'
