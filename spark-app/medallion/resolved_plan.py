"""A plan over a stream that Spark resolves once for all of its batches.

To resolve the parse takes longer than a small batch. What foreachBatch is given has the columns of the
stream, with their ids, so that what was resolved over the stream stands over each of its batches.

Ahead of foreachBatch the parse would be resolved once, too. But Spark plans that part of a query twice for
each batch (once for the text on the SQL page), and sets it up for each range of Kafka's offsets, although one
task reads all ranges of a small batch.
"""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame


class ResolvedPlan:
    """What was made of a stream, to be made of its batches."""

    def __init__(self, stream: DataFrame, made: DataFrame) -> None:
        source = _plan(stream)
        #: From the last step to the first.
        self._steps: list[Any] = []
        step = _plan(made)
        while not step.equals(source):
            self._steps.append(step)
            step = step.child()

    def over(self, batch: DataFrame) -> DataFrame:
        """The same of a batch, as foreachBatch gives it."""
        session = batch.sparkSession
        jvm: Any = session.sparkContext._jvm
        plan = _plan(batch)
        for step in reversed(self._steps):
            plan = step.withNewChildren(jvm.PythonUtils.toSeq([plan]))
        # Its expressions are resolved: without this the analyzer would look through all of them.
        plan.setAnalyzed()
        return DataFrame(jvm.org.apache.spark.sql.Dataset.ofRows(session._jsparkSession, plan), session)


def _plan(frame: DataFrame) -> Any:
    return frame._jdf.queryExecution().analyzed()
