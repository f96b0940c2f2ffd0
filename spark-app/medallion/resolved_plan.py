"""Plans that Spark resolves (and optimizes) once over a stream and applies to all of its batches.

Resolving the parse takes longer than a small batch. The DataFrame that foreachBatch receives has
the columns of the stream, with their ids, so that a plan that was resolved over the stream can be
applied to each of its batches. Optimizing and planning it takes as long as everything else that the
driver does for a small batch.

Before foreachBatch the parse would also be resolved only once. But Spark plans that part of a query
twice for each batch (once for the text on the SQL page), and sets it up for each range of Kafka's
offsets, although one task reads all ranges of a small batch.
"""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame


class ResolvedPlan:
    """A plan that was resolved over a stream, to be applied to its batches."""

    def __init__(self, stream: DataFrame, made: DataFrame) -> None:
        self._steps = _steps(_resolved(made), _resolved(stream))

    def over(self, batch: DataFrame) -> DataFrame:
        """Applies the plan to a batch of foreachBatch."""
        session = batch.sparkSession
        jvm: Any = session.sparkContext._jvm
        plan = _put(jvm, self._steps, _resolved(batch))
        # Its expressions are resolved already; otherwise the analyzer would search all of them.
        plan.setAnalyzed()
        return DataFrame(jvm.org.apache.spark.sql.Dataset.ofRows(session._jsparkSession, plan), session)


class PhysicalPlan:
    """A resolved plan that is also optimized and planned once, over the first batch. Spark treats
    it as opaque: it is neither optimized together with later steps nor described on the SQL page.
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
    """The steps of a plan above a source. Raises ValueError when the plan is not based on that
    source.
    """
    steps = []
    plan = made
    while not plan.equals(source):
        if plan.children().isEmpty():
            raise ValueError(f"the plan was not made of the columns {source.output().mkString(', ')}")
        steps.append(plan)
        plan = plan.child()
    return steps[::-1]


def _put(jvm: Any, steps: list[Any], source: Any) -> Any:
    """The plan of these steps over another source."""
    plan = source
    for step in steps:
        plan = step.withNewChildren(jvm.PythonUtils.toSeq([plan]))
    return plan


def _resolved(frame: DataFrame) -> Any:
    return frame._jdf.queryExecution().analyzed()


def _physical(frame: DataFrame) -> Any:
    # Before Spark combines steps for generated code, since a source would no longer be a separate
    # step then.
    return frame._jdf.queryExecution().sparkPlan()
