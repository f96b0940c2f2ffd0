from __future__ import annotations

import csv
import io
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession

from medallion.raw_csv import raw_csv
from medallion.silver import silver_columns
from tests.parsing import TRANSACTIONS

ROW: dict[str, Any] = {
    "txn_id": "t",
    "event_time": datetime(2026, 1, 1, 12, 30, 15, 120000, timezone.utc),
    "card_id": "c",
    "amount": Decimal("1.50"),
}


def line_of(spark: SparkSession, **fields: Any) -> str:
    columns = silver_columns(TRANSACTIONS)
    values = {**ROW, **fields}
    schema = ", ".join(f"{name} {data_type}" for name, data_type in columns.items())
    row = spark.createDataFrame([tuple(values.get(name) for name in columns)], schema)
    (one, another) = row.select(raw_csv(TRANSACTIONS), raw_csv(TRANSACTIONS, few_rows=True)).first()
    assert one == another
    return str(one)


def test_null_is_nothing_and_instants_have_six_decimals(spark: SparkSession) -> None:
    assert line_of(spark) == "t,2026-01-01T12:30:15.120000Z,,c,,,1.50,,,,,,"


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "",
        "a,b",
        'say "x"',
        '"',
        "two\nlines",
        "two\r\nlines",
        "\r",
        " blanks ",
        "Zürich €",
        ',"\n"",',
    ],
)
def test_every_text_reads_back_to_the_letter(spark: SparkSession, text: str) -> None:
    line = line_of(spark, merchant=text, country=text)
    (fields,) = csv.reader(io.StringIO(line, newline=""))
    read = dict(zip(TRANSACTIONS.raw_csv_columns, fields))
    assert len(fields) == len(TRANSACTIONS.raw_csv_columns)
    assert (read["merchant"], read["country"], read["amount"]) == (text, text, "1.50")


def test_an_empty_text_is_not_null(spark: SparkSession) -> None:
    assert line_of(spark, merchant="") == 't,2026-01-01T12:30:15.120000Z,,c,"",,1.50,,,,,,'


def test_numbers_are_as_sparks_own_csv_writer_has_them(spark: SparkSession) -> None:
    line = line_of(spark, amount=Decimal("-9999999999999999.99"), lat=1e-7, lon=-180.0)
    assert line.endswith(",-9999999999999999.99,,,,,1.0E-7,-180.0")
