"""The `gold` query: one-minute windows of silver rows by card, emitted once the watermark has passed
their end.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion.hadoop_files import HadoopFiles
from medallion.naming import GOLD
from medallion.offset_log import OffsetLog
from medallion.parse import classify
from medallion.preview import preview
from medallion.publication import Publication
from medallion.retention import prune

#: A window is emitted when an event 5 minutes younger than its end has been seen; rows that come later
#: are not in gold.
WATERMARK = "5 minutes"
WINDOW = "1 minute"


def windows(records: DataFrame) -> DataFrame:
    """Streaming records to gold rows, with the same judgement of what is silver as the silver sink."""
    silver = classify(records).select(
        "card_id", "amount", F.when(F.col("reason").isNull(), F.col("event_time")).alias("event_time")
    )
    return (
        silver.where(F.col("event_time").isNotNull())
        .withWatermark("event_time", WATERMARK)
        .groupBy(F.window("event_time", WINDOW).alias("window"), "card_id")
        .agg(
            F.count(F.lit(1)).alias("txn_count"),
            F.sum("amount").alias("sum_amount"),
            F.avg("amount").alias("avg_amount"),
            F.max("amount").alias("max_amount"),
        )
        .select(
            "card_id",
            F.col("window.start").alias("window_start"),
            F.col("window.end").alias("window_end"),
            "txn_count",
            "sum_amount",
            "avg_amount",
            "max_amount",
        )
    )


@dataclass(frozen=True)
class GoldBatch:
    """Writes the windows that a batch closed as one file."""

    files: HadoopFiles
    log: OffsetLog
    max_files_per_sink: int
    show_previews: bool = False

    def write(self, closed: DataFrame, batch_id: int) -> dict[str, int]:
        """Stages, publishes and prunes; gives rows by sink.

        The write is the one action on the batch and runs even when no window closes: it commits the state.
        """
        publication = Publication(self.files, "gold", self.log.planned(batch_id))
        publication.clear()
        folder = f"{publication.folder}/gold"
        closed.coalesce(1).write.parquet(self.files.uri(folder))
        staged = publication.staged_parquet(GOLD, folder)
        publication.publish([staged])
        publication.clear()
        prune(self.files, self.log, GOLD, self.max_files_per_sink)
        if self.show_previews and staged.rows:
            preview(closed.sparkSession, self.files, publication.path_of(GOLD))
        return {GOLD.folder: staged.rows}
