"""Why a query ended: Spark's root cause in one line, and the next step where one is known."""

from __future__ import annotations

from typing import Any, Optional

from py4j.protocol import Py4JJavaError
from pyspark.sql.streaming.query import StreamingQuery

from medallion.errors import JobError

_DATA_LOSS = (
    "data may have been missed",
    "data may have been lost",
    "OffsetOutOfRange",
    "failOnDataLoss",
    "Cannot fetch record",
)


def query_failure(query: StreamingQuery, in_batch: Optional[BaseException]) -> JobError:
    """The error for a query that ended by itself; `in_batch` is what its batch function raised, if it did."""
    cause = _root_cause(query, in_batch)
    hint = ""
    if any(sign in cause for sign in _DATA_LOSS):
        hint = (
            "records were removed from the topic (retention) before they were read: "
            "`npm run reset -- --keep-topic` reads what is left from its start, "
            "FAIL_ON_DATA_LOSS=false goes on after the gap"
        )
    return JobError(f"query {query.name} ended: {cause}", hint)


def start_failure(error: Exception) -> JobError:
    """The error for a start that Spark or Hadoop refused, such as a folder that may not be written."""
    java = error.java_exception if isinstance(error, Py4JJavaError) else getattr(error, "_origin", None)
    return JobError(_innermost(java) if java is not None else f"{type(error).__name__}: {_line(str(error))}")


def _root_cause(query: StreamingQuery, in_batch: Optional[BaseException]) -> str:
    if isinstance(in_batch, Py4JJavaError):
        return _innermost(in_batch.java_exception)
    if in_batch is not None:
        java = getattr(in_batch, "_origin", None)
        return _innermost(java) if java is not None else f"{type(in_batch).__name__}: {_line(str(in_batch))}"
    option: Any = query._jsq.exception()
    return _innermost(option.get().cause()) if option.isDefined() else "without an error"


def _innermost(throwable: Any) -> str:
    while throwable.getCause() is not None:
        throwable = throwable.getCause()
    return _line(throwable.toString())


def _line(text: str) -> str:
    return " ".join(text.split())[:1000]
