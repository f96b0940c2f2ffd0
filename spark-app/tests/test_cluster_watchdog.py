"""When the job asks the master whether it knows the application, and what follows."""

from __future__ import annotations

from typing import Optional

import pytest
from pyspark.sql import SparkSession

from medallion.cluster_watchdog import SILENT_S, WITHOUT_S, ClusterWatchdog, watch_executors
from medallion.errors import EXIT_FAILED, JobError


class World:
    """A clock, executors and a master."""

    def __init__(self) -> None:
        self.now = 0.0
        self.executors = 0
        self.knows: Optional[bool] = True
        self.asked = 0
        self.watch = ClusterWatchdog(lambda: self.executors, self._is_known, lambda: self.now)

    def _is_known(self) -> Optional[bool]:
        self.asked += 1
        return self.knows

    def live(self, seconds: float) -> None:
        for _ in range(int(seconds * 10)):
            self.watch.check()
            self.now += 0.1

    @classmethod
    def without_executors(cls, knows: Optional[bool]) -> World:
        """A job whose executor has just gone, and the master's answers about it."""
        world = cls()
        world.executors = 1
        world.live(5)
        world.executors = 0
        world.knows = knows
        return world


def test_before_the_first_executor_the_master_is_not_asked() -> None:
    world = World()
    world.knows = False
    world.live(300)
    assert world.asked == 0


def test_a_short_time_without_executors_is_waited_for() -> None:
    world = World()
    for _ in range(5):
        world.executors = 1
        world.live(5)
        world.executors = 0
        world.live(WITHOUT_S - 2)
    assert world.asked == 0


def test_a_master_that_knows_the_application_is_asked_again_and_waited_for() -> None:
    world = World.without_executors(knows=True)
    world.live(1000)
    assert world.asked > 10


def test_a_master_that_gives_no_answer_is_waited_for_a_while() -> None:
    world = World.without_executors(knows=None)
    world.live(SILENT_S - 2)
    assert world.asked > 1
    with pytest.raises(JobError, match="no answer of the Spark master for 6"):
        world.live(12)


def test_a_master_that_answers_again_is_waited_for_once_more() -> None:
    world = World.without_executors(knows=None)
    world.live(SILENT_S - 5)
    world.knows = True
    world.live(20)
    world.knows = None
    world.live(SILENT_S - 25)


def test_a_master_that_does_not_know_it_ends_the_job_so_that_it_is_started_again() -> None:
    world = World.without_executors(knows=False)
    with pytest.raises(JobError, match="does not know this application any more") as caught:
        world.live(WITHOUT_S + 2)
    assert caught.value.exit_code == EXIT_FAILED


def test_without_a_standalone_master_there_is_nothing_to_watch(spark: SparkSession) -> None:
    watch = watch_executors(spark)
    for _ in range(3):
        watch.check()
