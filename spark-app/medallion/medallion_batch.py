"""One micro-batch of the `medallion` query: bronze, silver, quarantine and raw_csv from two reads and one
parse.

The bronze pass and the parsing pass run side by side. The parsing pass writes silver rows and rejects in
one job, into two folders by the partition column `part` (which is not stored in the files): the silver
file is final as it is, and rejects travel in silver's columns (value in txn_id, reason in user_id) until
the quarantine file, usually tiny, is made from them. raw_csv is made from the staged silver file. Kafka
is read twice and parsed once.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pyspark import inheritable_thread_target
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from medallion.hadoop_files import HadoopFiles
from medallion.naming import BRONZE, QUARANTINE, RAW_CSV, SILVER
from medallion.offset_log import OffsetLog
from medallion.parse import classify
from medallion.preview import preview
from medallion.publication import Publication, Staged
from medallion.retention import prune
from medallion.schema import BRONZE_COLUMNS, LINEAGE, QUARANTINE_COLUMNS, RAW_CSV_COLUMNS, SILVER_COLUMNS

# RFC 4180 quoting; Spark's own default escapes a quote with a backslash, which most readers do not undo.
# Texts are kept to the letter: the writer would trim them by default.
_CSV_OPTIONS = {
    "header": "true",
    "escape": '"',
    "timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
    "ignoreLeadingWhiteSpace": "false",
    "ignoreTrailingWhiteSpace": "false",
}


@dataclass(frozen=True)
class MedallionBatch:
    """Writes a batch of records (BRONZE_COLUMNS) as the files of four sinks."""

    files: HadoopFiles
    log: OffsetLog
    max_files_per_sink: int
    show_previews: bool = False

    def write(self, records: DataFrame, batch_id: int) -> dict[str, int]:
        """Stages, publishes and prunes; gives rows by sink. A replay with the same batch id replaces its
        own files.
        """
        publication = Publication(self.files, "medallion", self.log.planned(batch_id))
        publication.clear()
        with ThreadPoolExecutor(2) as threads:
            bronze_pass = threads.submit(inheritable_thread_target(self._stage_bronze), records, publication)
            parsed = self._stage_parsed(records, publication)
            bronze = bronze_pass.result()
        staged = [bronze, *parsed]
        publication.publish(staged)
        publication.clear()
        for item in staged:
            prune(self.files, self.log, item.sink, self.max_files_per_sink)
            if self.show_previews and item.sink is SILVER and item.rows:
                preview(records.sparkSession, self.files, publication.path_of(SILVER))
        return {item.sink.folder: item.rows for item in staged}

    def _stage_bronze(self, records: DataFrame, publication: Publication) -> Staged:
        folder = f"{publication.folder}/bronze"
        records.select(*BRONZE_COLUMNS).coalesce(1).write.parquet(self.files.uri(folder))
        return publication.staged_parquet(BRONZE, folder)

    def _stage_parsed(self, records: DataFrame, publication: Publication) -> list[Staged]:
        folder = f"{publication.folder}/parsed"
        rejected = F.col("reason").isNotNull()
        in_silver = [name for name in SILVER_COLUMNS if name not in ("txn_id", "user_id")]
        classify(records).coalesce(1).select(
            F.when(rejected, F.col("value")).otherwise(F.col("txn_id")).alias("txn_id"),
            F.when(rejected, F.col("reason")).otherwise(F.col("user_id")).alias("user_id"),
            *in_silver,
            F.when(rejected, "rejected").otherwise("silver").alias("part"),
        ).write.partitionBy("part").parquet(self.files.uri(folder))
        silver = publication.staged_parquet(SILVER, f"{folder}/part=silver")
        rejects_path = publication.staged_file(f"{folder}/part=rejected")
        return [
            self._stage_quarantine(records.sparkSession, rejects_path, publication),
            silver,
            self._stage_csv(records.sparkSession, silver, publication),
        ]

    def _stage_quarantine(self, spark: SparkSession, rejects: str, publication: Publication) -> Staged:
        if not rejects:
            return Staged(QUARANTINE, "", 0)
        folder = f"{publication.folder}/quarantine"
        columns = {"bad_json": "txn_id", "bad_ingest_ts": "kafka_ts", "reason": "user_id"}
        spark.read.schema(_SILVER_SCHEMA).parquet(self.files.uri(rejects)).coalesce(1).select(
            *[F.col(columns.get(name, name)).alias(name) for name in QUARANTINE_COLUMNS]
        ).write.parquet(self.files.uri(folder))
        return publication.staged_parquet(QUARANTINE, folder)

    def _stage_csv(self, spark: SparkSession, silver: Staged, publication: Publication) -> Staged:
        if silver.rows == 0:
            return Staged(RAW_CSV, "", 0)
        folder = f"{publication.folder}/raw_csv"
        rows = spark.read.schema(_SILVER_SCHEMA).parquet(self.files.uri(silver.path))
        rows.coalesce(1).select(*RAW_CSV_COLUMNS).write.options(**_CSV_OPTIONS).csv(self.files.uri(folder))
        return Staged(RAW_CSV, publication.staged_file(folder), silver.rows)


# Given, so that no job has to read the footer first to find the columns.
_SILVER_SCHEMA = (
    "txn_id string, user_id string, card_id string, merchant string, category string, amount decimal(18,2), "
    "currency string, status string, city string, country string, lat double, lon double, "
    f"event_time timestamp, kafka_ts timestamp, {LINEAGE[0]} string, {LINEAGE[1]} int, {LINEAGE[2]} bigint"
)
