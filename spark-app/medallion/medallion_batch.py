"""One micro-batch: bronze, silver, quarantine, gold and raw_csv from two reads of Kafka and one parse.

The bronze pass and the parsing pass run side by side. Once bronze, silver and quarantine are published,
raw_csv and gold are made from the published silver file, again side by side.

A large batch is written by several tasks, and the driver joins their files: Parquet row groups and lines of
CSV are copied as they are, which costs far less than writing them.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Callable

from pyspark import inheritable_thread_target
from pyspark.sql import DataFrame

from medallion.batch_passes import BatchPasses
from medallion.gold_state import GoldStates
from medallion.hadoop_files import HadoopFiles
from medallion.naming import GOLD, SILVER
from medallion.offset_log import OffsetLog
from medallion.preview import preview
from medallion.publication import Publication
from medallion.retention import prune

#: Batches of fewer records are written by one task: starting more would cost more than it saves.
ONE_TASK_RECORDS = 20_000


@dataclass(frozen=True)
class MedallionBatch:
    """Writes a batch of records (BRONZE_COLUMNS) as the files of five sinks.

    `confirm_source` is called when the records have been read and nothing is published yet; it raises when
    they came from another topic than the checkpoint's. When a topic is deleted and created again under a
    running query, Spark reads on without a word. Its id never comes back, so one look after the reading is
    enough.
    """

    files: HadoopFiles
    log: OffsetLog
    states: GoldStates
    max_files_per_sink: int
    show_previews: bool = False
    confirm_source: Callable[[], None] = lambda: None

    def write(self, records: DataFrame, batch_id: int) -> dict[str, int]:
        """Stages, publishes and prunes; gives rows by sink. A replay with the same batch id replaces its
        own files.
        """
        publication = Publication(self.files, "medallion", self.log.planned(batch_id))
        publication.clear()
        passes = BatchPasses(
            self.files, publication, self.states, records.sparkSession, self._is_small(batch_id)
        )
        with ThreadPoolExecutor(2) as threads:
            if passes.one_task:
                bronze = threads.submit(inheritable_thread_target(passes.write_bronze), records)
                quarantine, silver = passes.stage_parsed(records)
                bronze.result()
                staged = [passes.stage_bronze(), quarantine, silver]
            else:
                passes.write_bronze(records)
                joined = threads.submit(inheritable_thread_target(passes.stage_bronze))
                quarantine, silver = passes.stage_parsed(passes.written_bronze())
                staged = [joined.result(), quarantine, silver]
            self.confirm_source()
            publication.publish(staged)
            csv = threads.submit(inheritable_thread_target(passes.stage_csv), silver)
            gold = passes.stage_gold(silver, batch_id)
            derived = [csv.result(), gold]
        publication.publish(derived)
        publication.clear()
        staged += derived
        for item in staged:
            prune(self.files, self.log, item.sink, self.max_files_per_sink)
            if self.show_previews and item.sink in (SILVER, GOLD) and item.rows:
                preview(records.sparkSession, self.files, publication.path_of(item.sink))
        return {item.sink.folder: item.rows for item in staged}

    def _is_small(self, batch_id: int) -> bool:
        size = self.log.size(batch_id)
        return size is not None and size < ONE_TASK_RECORDS
