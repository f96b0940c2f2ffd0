"""The program that spark-submit runs: Kafka to bronze, silver, quarantine, gold and raw_csv.
Settings come from the environment.
"""

from __future__ import annotations

import os
import sys
from typing import Optional

from medallion import log
from medallion.errors import JobError
from medallion.settings import load_settings


def main() -> int:
    """Runs the job and returns its exit code: 0 stopped, 1 failed, 2 settings, 78 refused (a
    restart would not help).
    """
    try:
        settings = load_settings(os.environ)
    except JobError as error:
        log.error(error)
        return error.exit_code
    # Spark's modules are imported only when the settings are valid.
    from medallion.failure import start_failure
    from medallion.job import Job
    from medallion.session import open_session

    spark = open_session(settings)
    job = Job(spark, settings)
    failure: Optional[JobError] = None
    try:
        job.run()
    except Exception as error:
        failure = error if isinstance(error, JobError) else start_failure(error)
    finally:
        job.close()
    # Logged last, so that it comes after everything that Spark logs about the same failure.
    if failure is not None:
        log.error(failure)
        return failure.exit_code
    log.info("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
