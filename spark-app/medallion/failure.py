"""The error of a query that ended: Spark's root cause in one line, and the next step where one is
known.
"""

from __future__ import annotations

from typing import Any, Optional

from py4j.protocol import Py4JJavaError
from pyspark.sql.streaming.query import StreamingQuery

from medallion.errors import JobError

# The topic is no longer what the query was reading: records, a partition or the topic itself are
# gone.
_TOPIC_CHANGED = (
    "data may have been missed",
    "data may have been lost",
    "OffsetOutOfRange",
    "failOnDataLoss",
    "UnknownTopicOrPartition",
)

# Files that a gold query reads and that can only be made again from all records.
_READ_BY_GOLD = ("/state/0/", "/silver/silver_")
_KEEP_TOPIC = "`npm run reset -- --keep-topic` makes every output again"


def query_failure(query: StreamingQuery, in_batch: Optional[BaseException]) -> JobError:
    """The error for a query that ended by itself; `in_batch` is what its batch function raised, if
    it did.
    """
    if isinstance(in_batch, JobError):
        return in_batch
    cause = _root_cause(query, in_batch)
    is_about_gold = "does not exist" in cause and any(part in cause for part in _READ_BY_GOLD)
    return JobError(f"query {query.name} ended: {cause}", _KEEP_TOPIC if is_about_gold else "")


def is_about_the_topic(failure: JobError) -> bool:
    """Whether the topic's description may explain the failure better than Spark's message."""
    return any(sign in failure.sentence for sign in _TOPIC_CHANGED)


def start_failure(error: Exception) -> JobError:
    """The error for a start that Spark or Hadoop refused, such as a folder that may not be
    written.
    """
    return JobError(_cause_of(error))


def _root_cause(query: StreamingQuery, in_batch: Optional[BaseException]) -> str:
    if in_batch is not None:
        return _cause_of(in_batch)
    option: Any = query._jsq.exception()
    return innermost(option.get().cause()) if option.isDefined() else "without an error"


def _cause_of(error: BaseException) -> str:
    java = error.java_exception if isinstance(error, Py4JJavaError) else getattr(error, "_origin", None)
    return innermost(java) if java is not None else f"{type(error).__name__}: {_line(str(error))}"


def innermost(throwable: Any) -> str:
    """The root cause of a Java exception in one line."""
    while throwable.getCause() is not None:
        throwable = throwable.getCause()
    return _line(throwable.toString())


def _line(text: str) -> str:
    return " ".join(text.split())[:1000]
