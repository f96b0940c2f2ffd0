"""Parses cases that `tests/support/drawn-agreement.ts` has drawn: `python -m tests.parse_cases IN
OUT`. IN has a line of JSON for each pipeline with the values of its records in base64; OUT gets a
line with the outcomes in the same order.
"""

from __future__ import annotations

import base64
import json
import sys

from medallion.pipeline import pipeline_of
from medallion.session import tune_for_size
from tests.local_session import local_session
from tests.parsing import outcomes


def main(cases: str, found: str) -> None:
    # A short session computes mostly its own start, which is fastest with one quick compiler.
    spark = local_session("-XX:TieredStopAtLevel=1")
    with open(cases, encoding="utf-8") as lines, open(found, "w", encoding="utf-8") as out:
        for number, line in enumerate(lines):
            case = json.loads(line)
            values = [None if each is None else base64.b64decode(each) for each in case["values"]]
            # Both ways of running a plan: interpreted, as for small batches, and as generated code.
            tune_for_size(spark, number % 4 == 0)
            rows = outcomes(spark, values, pipeline_of(case["pipeline"]))
            out.write(json.dumps([row.asDict() for row in rows]) + "\n")
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
