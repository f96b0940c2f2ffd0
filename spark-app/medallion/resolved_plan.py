"""Plans over a stream that Spark makes once for all of its batches.

To resolve the parse takes longer than a small batch. What foreachBatch is given has the columns of the
stream, with their ids, so that what was resolved over the stream stands over each of its batches. To optimize
and plan it takes as long as all else that the driver does for a small batch.

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
        self._steps = _steps(_resolved(made), _resolved(stream))

    def over(self, batch: DataFrame) -> DataFrame:
        """The same of a batch, as foreachBatch gives it."""
        session = batch.sparkSession
        jvm: Any = session.sparkContext._jvm
        plan = _put(jvm, self._steps, _resolved(batch))
        # Its expressions are resolved: without this the analyzer would look through all of them.
        plan.setAnalyzed()
        return DataFrame(jvm.org.apache.spark.sql.Dataset.ofRows(session._jsparkSession, plan), session)


class PhysicalPlan:
    """The same, which is planned once, too: over the first batch. Its rows are those of a plan that Spark
    does not look into, neither to optimize it together with what follows nor for the SQL page.
    """

    def __init__(self, resolved: ResolvedPlan) -> None:
        self._of = resolved
        self._steps: list[Any] = []

    def over(self, batch: DataFrame) -> DataFrame:
        session = batch.sparkSession
        source = _physical(batch)
        if not self._steps:
            self._steps = _steps(_physical(self._of.over(batch)), source)
        plan = _put(session.sparkContext._jvm, self._steps, source)
        java: Any = session._jsparkSession
        return DataFrame(java.internalCreateDataFrame(plan.execute(), plan.schema(), False), session)


def _steps(made: Any, source: Any) -> list[Any]:
    """The steps from a source to what was made of it. Raises ValueError when it was not made of that."""
    steps = []
    plan = made
    while not plan.equals(source):
        if plan.children().isEmpty():
            raise ValueError(f"the plan was not made of the columns {source.output().mkString(', ')}")
        steps.append(plan)
        plan = plan.child()
    return steps[::-1]


def _put(jvm: Any, steps: list[Any], source: Any) -> Any:
    """These steps over another source."""
    plan = source
    for step in steps:
        plan = step.withNewChildren(jvm.PythonUtils.toSeq([plan]))
    return plan


def _resolved(frame: DataFrame) -> Any:
    return frame._jdf.queryExecution().analyzed()


def _physical(frame: DataFrame) -> Any:
    # Before Spark puts steps together for generated code: a source would be no step of its own then.
    return frame._jdf.queryExecution().sparkPlan()
