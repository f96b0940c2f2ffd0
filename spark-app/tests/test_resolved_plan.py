"""A plan that was resolved over a stream applies to its batches, and to nothing else."""

from __future__ import annotations

from typing import Callable, Union

import pytest
from pyspark.sql import DataFrame, SparkSession

from medallion.resolved_plan import PhysicalPlan, ResolvedPlan


def stream(spark: SparkSession) -> DataFrame:
    return spark.range(4).selectExpr("id as value")


def steps(records: DataFrame) -> DataFrame:
    return records.selectExpr("value", "value * 2 as twice").selectExpr("twice + value as thrice")


PlanOf = Callable[[DataFrame], Union[ResolvedPlan, PhysicalPlan]]


@pytest.fixture(params=["resolved", "physical"])
def plan_of(request: pytest.FixtureRequest) -> PlanOf:
    def plan(records: DataFrame) -> ResolvedPlan | PhysicalPlan:
        resolved = ResolvedPlan(records, steps(records))
        return resolved if request.param == "resolved" else PhysicalPlan(resolved)

    return plan


def test_a_batch_gets_what_the_stream_was_given(spark: SparkSession, plan_of: PlanOf) -> None:
    records = stream(spark)
    plan = plan_of(records)
    for few in (records.coalesce(1), records.where("value < 2"), records):
        assert plan.over(few).columns == ["thrice"]
        assert plan.over(few).collect() == steps(few).collect()


def test_it_belongs_to_the_session_of_the_batch(spark: SparkSession, plan_of: PlanOf) -> None:
    records = stream(spark)
    made = plan_of(records).over(records)
    assert made.sparkSession is records.sparkSession


def test_columns_of_another_frame_are_not_taken_for_those_of_the_stream(
    spark: SparkSession, plan_of: PlanOf
) -> None:
    records = stream(spark)
    plan = plan_of(records)
    with pytest.raises(Exception, match="value"):
        plan.over(stream(spark)).collect()
