"""Gold: one-minute windows of silver rows by card, each emitted once, when the watermark has passed its end.

The rules are those of a streaming aggregation in append mode with `withWatermark`: the watermark is the
newest event time so far less its delay; a batch emits the windows that end at or before it, and drops rows
of windows that an earlier batch has closed. The open windows are kept beside the checkpoint, one small file
for each micro-batch, named after it: a replay begins with the same windows and comes to the same end.

Why not a second streaming query: it would read and parse the topic again, with a checkpoint that can part
from silver's. Here gold is made of the very rows that silver has.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Optional

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

#: How much younger than a window's end an event has to be to close it: five minutes, in milliseconds.
WATERMARK_DELAY_MS = 5 * 60 * 1000
WINDOW = "1 minute"

#: What of the open windows is needed to go on counting.
OPEN_WINDOWS_SCHEMA = (
    "card_id string, window_start timestamp, window_end timestamp, "
    "txn_count bigint, sum_amount decimal(28,2), max_amount decimal(18,2)"
)

_KEY = ("card_id", "window_start", "window_end")


def next_watermark(before_ms: Optional[int], newest_event_us: int) -> int:
    """The watermark (ms since 1970, UTC) after an event; it never falls."""
    after = newest_event_us // 1000 - WATERMARK_DELAY_MS
    return after if before_ms is None else max(before_ms, after)


def count_windows(
    silver: DataFrame, open_windows: Optional[DataFrame], watermark_ms: Optional[int], one_task: bool
) -> DataFrame:
    """Adds silver rows (card_id, amount, event_time) to the open windows and gives them in gold's columns.

    Rows of windows that ended at or before the watermark come too late and are dropped. `one_task`: there are
    few rows, so that one task without an exchange is cheapest.
    """
    # Each row is a window of its own at first, so that one aggregation does for rows and open windows.
    windows = silver.select("card_id", "amount", F.window("event_time", WINDOW).alias("window")).select(
        "card_id",
        F.col("window.start").alias("window_start"),
        F.col("window.end").alias("window_end"),
        F.lit(1).cast("bigint").alias("txn_count"),
        F.col("amount").cast("decimal(28,2)").alias("sum_amount"),
        F.col("amount").alias("max_amount"),
    )
    if watermark_ms is not None:
        windows = windows.where(~is_closed(watermark_ms))
    if open_windows is not None:
        windows = windows.unionByName(open_windows)
    counted = (
        (windows.coalesce(1) if one_task else windows)
        .groupBy(*_KEY)
        .agg(
            F.sum("txn_count").alias("txn_count"),
            F.sum("sum_amount").cast("decimal(28,2)").alias("sum_amount"),
            F.max("max_amount").alias("max_amount"),
        )
    )
    average = (F.col("sum_amount") / F.col("txn_count")).cast("decimal(22,6)")
    return counted.select(*_KEY, "txn_count", "sum_amount", average.alias("avg_amount"), "max_amount")


def is_closed(watermark_ms: int) -> Column:
    """Whether a window has ended at or before the watermark.

    Compared as decimals: Spark writes a number or an instant into the code that it generates, which would be
    compiled anew, and run cold, for each batch's watermark. A decimal it hands over.
    """
    ended_ms = F.expr("unix_millis(window_end)").cast("decimal(18,0)")
    return ended_ms <= F.lit(Decimal(watermark_ms))
