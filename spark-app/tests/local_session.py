"""A real local Spark session with the job's own configuration."""

from __future__ import annotations

import os

from pyspark.sql import SparkSession

from medallion.session import open_session
from medallion.settings import load_settings


def local_session(*java_options: str) -> SparkSession:
    java = " ".join(("-XX:+UseSerialGC", *java_options))
    os.environ["PYSPARK_SUBMIT_ARGS"] = (
        "--master local[2] --conf spark.ui.enabled=false --conf spark.sql.files.minPartitionNum=7 "
        "--conf spark.sql.files.maxRecordsPerFile=1 "
        f'--conf "spark.driver.extraJavaOptions={java}" pyspark-shell'
    )
    return open_session(load_settings({"SPARK_SQL_SHUFFLE_PARTITIONS": "2"}))
