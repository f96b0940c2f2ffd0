from __future__ import annotations

from pathlib import Path

import pytest
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


def parquet(spark: SparkSession, folder: Path, name: str, rows: str) -> str:
    spark.sql(rows).coalesce(1).write.parquet(str(folder / name))
    (part,) = (folder / name).glob("part-*")
    return str(part.relative_to(folder))


def test_columns_are_cut_out_of_parquet_files_in_the_order_asked_for(
    spark: SparkSession, tmp_path: Path
) -> None:
    wide = parquet(spark, tmp_path, "wide", "select id as a, id * 2 as b, 'x' as c from range(3)")
    other = parquet(spark, tmp_path, "other", "select 'y' as c, 7L as a from range(2)")
    files = HadoopFiles(spark, str(tmp_path))
    assert files.join_parquet([wide, other], "cut.parquet", ("c", "a")) == 5
    cut = spark.read.parquet(str(tmp_path / "cut.parquet"))
    assert cut.dtypes == [("c", "string"), ("a", "bigint")]
    assert sorted(tuple(row) for row in cut.collect()) == [
        ("x", 0),
        ("x", 1),
        ("x", 2),
        ("y", 7),
        ("y", 7),
    ]


def test_files_whose_columns_do_not_fit_are_not_joined(spark: SparkSession, tmp_path: Path) -> None:
    numbers = parquet(spark, tmp_path, "numbers", "select 1L as a")
    texts = parquet(spark, tmp_path, "texts", "select 'x' as a, 1L as b")
    files = HadoopFiles(spark, str(tmp_path))
    with pytest.raises(OSError, match="has other columns than"):
        files.join_parquet([numbers, texts], "joined.parquet", ("a",))
    with pytest.raises(OSError, match="no column b, c"):
        files.join_parquet([numbers], "joined.parquet", ("a", "b", "c"))
    assert not (tmp_path / "joined.parquet").exists()


def test_folders_of_a_local_disk_are_made_with_their_parents(spark: SparkSession, tmp_path: Path) -> None:
    files = HadoopFiles(spark, f"{tmp_path}/out")
    for _ in range(2):
        files.make_local_folders("a/b", "a/c/d")
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        "out",
        "out/a",
        "out/a/b",
        "out/a/c",
        "out/a/c/d",
    ]
