from __future__ import annotations

import json
from pathlib import Path

import pytest

from medallion.errors import EXIT_SETTINGS, JobError
from medallion.settings import load_settings

_FIXTURES = Path(__file__).parents[2] / "data/fixtures/pipelines"


def test_defaults_are_those_of_the_documentation() -> None:
    settings = load_settings({})
    assert (settings.topic, settings.output_path) == ("transactions", "/opt/spark-output/parquet")
    assert settings.isolation_level == "read_committed"
    assert (settings.trigger_interval, settings.max_offsets_per_trigger) == ("30 seconds", 6_000_000)
    assert settings.gold_trigger_interval == "30 seconds"
    assert (settings.pipeline.name, settings.pipeline_json[:1]) == ("transactions", "{")
    assert (settings.max_files_per_sink, settings.starting_offsets) == (48, "earliest")
    assert (settings.fail_on_data_loss, settings.show_previews, settings.shuffle_partitions) == (
        True,
        False,
        4,
    )


def test_an_empty_value_counts_as_unset() -> None:
    assert load_settings({"KAFKA_TOPIC": "", "MAX_OFFSETS_PER_TRIGGER": ""}) == load_settings({})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KAFKA_TOPIC", "bad topic"),
        ("KAFKA_TOPIC", ".."),
        ("KAFKA_TOPIC", "x" * 250),
        ("KAFKA_BOOTSTRAP_SERVERS", "localhost"),
        ("KAFKA_BOOTSTRAP_SERVERS", "localhost:99999"),
        ("KAFKA_BOOTSTRAP_SERVERS", "a:1,,b:2"),
        ("OUTPUT_PATH", "/"),
        ("OUTPUT_PATH", "relative/folder"),
        ("OUTPUT_PATH", "hdfs://host:8020/"),
        ("TRIGGER_INTERVAL", "fast"),
        ("TRIGGER_INTERVAL", "-1 seconds"),
        ("TRIGGER_INTERVAL", "1.5 seconds"),
        ("TRIGGER_INTERVAL", "999999 days"),
        ("TRIGGER_INTERVAL", "٣ seconds"),
        ("GOLD_TRIGGER_INTERVAL", "often"),
        ("MAX_OFFSETS_PER_TRIGGER", "0"),
        ("MAX_OFFSETS_PER_TRIGGER", "many"),
        ("MAX_FILES_PER_SINK", "-1"),
        ("MAX_FILES_PER_SINK", "٣"),
        ("STARTING_OFFSETS", "newest"),
        ("STARTING_OFFSETS", '{"other":{"0":1}}'),
        ("STARTING_OFFSETS", '{"transactions":{"0":-3}}'),
        ("STARTING_OFFSETS", '{"transactions":{"0":true}}'),
        ("STARTING_OFFSETS", '{"transactions":{}}'),
        ("FAIL_ON_DATA_LOSS", "yes"),
        ("KAFKA_ISOLATION_LEVEL", "committed"),
        ("SHOW_PREVIEWS", "2"),
        ("SPARK_SQL_SHUFFLE_PARTITIONS", "0"),
        ("SPARK_SQL_SHUFFLE_PARTITIONS", "10001"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(JobError) as caught:
        load_settings({name: value})
    assert caught.value.exit_code == EXIT_SETTINGS
    [line] = caught.value.sentence.splitlines()
    assert line.startswith(f"{name} is ")
    assert "; allowed: " in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka:9092,10.0.0.1:9094,[::1]:9092"),
        ("OUTPUT_PATH", "/data/out put"),
        ("OUTPUT_PATH", "/data/a b#c%20d[1]é"),
        ("OUTPUT_PATH", "file:/data/out"),
        ("OUTPUT_PATH", "s3a://bucket/path"),
        ("TRIGGER_INTERVAL", "500 milliseconds"),
        ("TRIGGER_INTERVAL", "0 seconds"),
        ("STARTING_OFFSETS", '{"transactions":{"0":23,"1":-2,"2":-1}}'),
        ("MAX_FILES_PER_SINK", "0"),
    ],
)
def test_an_allowed_value_is_taken(name: str, value: str) -> None:
    assert value in (str(setting) for setting in vars(load_settings({name: value})).values())


def test_every_problem_is_reported_at_once() -> None:
    with pytest.raises(JobError) as caught:
        load_settings({"SHOW_PREVIEWS": "x", "MAX_FILES_PER_SINK": "y", "TRIGGER_INTERVAL": "z"})
    names = [line.split(" ")[0] for line in caught.value.sentence.splitlines()]
    assert sorted(names) == ["MAX_FILES_PER_SINK", "SHOW_PREVIEWS", "TRIGGER_INTERVAL"]


@pytest.mark.parametrize(
    ("value", "interval"),
    [
        ("5seconds", "5 seconds"),
        (" 10 Seconds ", "10 seconds"),
        ("1 DAYS", "1 day"),
        ("007 minute", "7 minutes"),
    ],
)
def test_an_interval_is_read_as_the_settings_table_reads_it(value: str, interval: str) -> None:
    assert load_settings({"TRIGGER_INTERVAL": value}).trigger_interval == interval


def test_thousands_of_shuffle_partitions_are_taken() -> None:
    assert load_settings({"SPARK_SQL_SHUFFLE_PARTITIONS": "2000"}).shuffle_partitions == 2000


@pytest.mark.parametrize(
    ("trigger", "gold", "expected"),
    [
        ("2 seconds", "", "10 seconds"),
        ("9999 milliseconds", "", "10 seconds"),
        ("10001 milliseconds", "", "10001 milliseconds"),
        ("1 minute", "", "1 minute"),
        ("2 days", "", "2 days"),
        ("1 minute", "1seconds", "1 second"),
    ],
)
def test_gold_is_triggered_as_often_as_ingest_but_every_10_seconds_at_most(
    trigger: str, gold: str, expected: str
) -> None:
    settings = load_settings({"TRIGGER_INTERVAL": trigger, "GOLD_TRIGGER_INTERVAL": gold})
    assert settings.gold_trigger_interval == expected


@pytest.mark.parametrize(
    ("trigger", "bound"),
    [
        ("0 seconds", 2_000_000),
        ("9 seconds", 2_000_000),
        ("11 seconds", 2_200_000),
        ("2 minutes", 24_000_000),
    ],
)
def test_a_batch_is_bounded_where_nothing_is_set(trigger: str, bound: int) -> None:
    assert load_settings({"TRIGGER_INTERVAL": trigger}).max_offsets_per_trigger == bound
    given = {"TRIGGER_INTERVAL": trigger, "MAX_OFFSETS_PER_TRIGGER": "7"}
    assert load_settings(given).max_offsets_per_trigger == 7


def test_a_pipeline_is_a_name_or_a_folder(tmp_path: Path) -> None:
    everything = str(_FIXTURES / "everything")
    settings = load_settings({"PIPELINE": everything})
    assert (settings.pipeline.name, settings.topic) == ("everything", "orders")
    assert json.loads(settings.pipeline_json)["fingerprint"] == settings.pipeline.fingerprint
    assert load_settings({"PIPELINE": everything, "KAFKA_TOPIC": "other"}).topic == "other"
    for content in (None, "", "{}", "[]", '{"version":2}'):
        if content is not None:
            (tmp_path / "pipeline.json").write_text(content)
        with pytest.raises(
            JobError, match=r"PIPELINE is .*, and .*pipeline\.json cannot be read: "
        ) as caught:
            load_settings({"PIPELINE": str(tmp_path)})
        assert caught.value.exit_code == EXIT_SETTINGS
