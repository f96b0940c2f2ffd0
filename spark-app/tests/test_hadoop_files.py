from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession

from medallion.hadoop_files import HadoopFiles


def test_a_text_is_read_as_it_was_written_last(spark: SparkSession, tmp_path: Path) -> None:
    files = HadoopFiles(spark, str(tmp_path))
    files.write_text("a/b.json", '{"x":1}')
    files.write_text("a/b.json", '{"x":2}')
    assert (files.read_text("a/b.json") or "").strip() == '{"x":2}'
    assert [path.name for path in (tmp_path / "a").iterdir() if not path.name.startswith(".")] == ["b.json"]


def test_a_crash_between_deleting_the_old_text_and_renaming_the_new_one_loses_nothing(
    spark: SparkSession, tmp_path: Path
) -> None:
    files = HadoopFiles(spark, str(tmp_path))
    files.write_text("b.json", '{"x":1}')
    (tmp_path / "b.json").rename(tmp_path / "b.json.new")
    (tmp_path / ".b.json.crc").unlink(missing_ok=True)
    assert (files.read_text("b.json") or "").strip() == '{"x":1}'


def test_a_draft_that_was_cut_short_counts_as_not_written(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "b.json.new").write_text('{"x":')
    assert HadoopFiles(spark, str(tmp_path)).read_text("b.json") is None
