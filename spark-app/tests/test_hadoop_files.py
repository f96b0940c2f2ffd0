from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from medallion.hadoop_files import HadoopFiles, local_uri
from medallion.sinks.parquet_files import ParquetFiles


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
    assert files.join_parquet([wide, other], "cut.parquet", {"c": "c", "a": "a"}) == 5
    cut = spark.read.parquet(str(tmp_path / "cut.parquet"))
    assert cut.dtypes == [("c", "string"), ("a", "bigint")]
    assert sorted(tuple(row) for row in cut.collect()) == [
        ("x", 0),
        ("x", 1),
        ("x", 2),
        ("y", 7),
        ("y", 7),
    ]


def test_columns_get_other_names_when_they_are_cut_out(spark: SparkSession, tmp_path: Path) -> None:
    select = (
        "select id as a, cast(id as decimal(18,2)) as d, timestamp_millis(id) as t, cast(id as string) as s, "
        "array(named_struct('key', 'k', 'value', cast('v' as binary))) as h from range(3)"
    )
    wide = parquet(spark, tmp_path, "wide", select)
    files = HadoopFiles(spark, str(tmp_path))
    columns = {"s": "a", "price": "d", "time": "t", "a": "s", "headers": "h"}
    assert files.join_parquet([wide], "cut.parquet", columns) == 3
    cut = spark.read.parquet(str(tmp_path / "cut.parquet"))
    assert cut.dtypes == [
        *(("s", "bigint"), ("price", "decimal(18,2)"), ("time", "timestamp"), ("a", "string")),
        ("headers", "array<struct<key:string,value:binary>>"),
    ]
    row = cut.orderBy("s").collect()[2]
    assert (row.s, str(row.price), row.a, row.headers[0].key, bytes(row.headers[0].value)) == (
        *(2, "2.00", "2", "k"),
        b"v",
    )
    assert cut.where("s = 1 and a = '1'").count() == 1


def test_texts_are_read_without_a_job_of_spark(spark: SparkSession, tmp_path: Path) -> None:
    texts = ["", "é", "a\nb", "x" * 70_000, *map(str, range(30_000))]
    rows = spark.createDataFrame([(text,) for text in texts], "`csv-line` string").coalesce(1)
    plain = {"parquet.enable.dictionary": "false", "parquet.block.size": "200000"}
    rows.write.options(**plain).parquet(str(tmp_path / "plain"))
    spark.sql("select 'x' as `csv-line` from range(0, 1000, 1, 1)").write.parquet(str(tmp_path / "repeated"))
    files = HadoopFiles(spark, str(tmp_path))
    (part,) = files.names("plain")
    assert files.parquet_texts(f"plain/{part}", "csv-line") == texts
    (part,) = files.names("repeated")
    with pytest.raises(OSError, match="_DICTIONARY pages in csv-line"):
        files.parquet_texts(f"repeated/{part}", "csv-line")


def test_files_whose_columns_do_not_fit_are_not_joined(spark: SparkSession, tmp_path: Path) -> None:
    numbers = parquet(spark, tmp_path, "numbers", "select 1L as a")
    texts = parquet(spark, tmp_path, "texts", "select 'x' as a, 1L as b")
    files = HadoopFiles(spark, str(tmp_path))
    with pytest.raises(OSError, match="has other columns than"):
        files.join_parquet([numbers, texts], "joined.parquet", {"a": "a"})
    with pytest.raises(OSError, match="no column b, c"):
        files.join_parquet([numbers], "joined.parquet", {"a": "a", "b": "b", "c": "c"})
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


def test_joined_files_keep_the_indexes_of_their_pages(spark: SparkSession, tmp_path: Path) -> None:
    rows = "select id as a, 'x' as b, id * 2 as c from range({}, {})"
    sources = [
        parquet(spark, tmp_path, "one", rows.format(0, 50_000)),
        parquet(spark, tmp_path, "two", rows.format(50_000, 70_000)),
        parquet(spark, tmp_path, "few", rows.format(70_000, 70_010)),
    ]
    files = HadoopFiles(spark, str(tmp_path))
    for columns in (None, {"c": "c", "a": "a"}, {"a": "a", "z": "b", "c": "c"}):
        assert files.join_parquet(sources, "joined.parquet", columns) == 70_010
        pages = [20_000, 20_000, 10_000, 20_000, 0]
        assert pages_of(spark, tmp_path / "joined.parquet") == dict.fromkeys(
            columns or ("a", "b", "c"), pages
        )
        joined = spark.read.parquet(str(tmp_path / "joined.parquet"))
        assert joined.count() == 70_010
        # The reader uses these indexes to skip the pages that cannot contain the value.
        assert [row["c"] for row in joined.where("a = 65000").collect()] == [130_000]
        (tmp_path / "joined.parquet").unlink()


def pages_of(spark: SparkSession, path: Path) -> dict[str, list[int]]:
    """Rows of each page of each column; 0 for a row group without an index."""
    jvm: Any = spark._jvm
    conf = spark._jsc.hadoopConfiguration()  # type: ignore[attr-defined]
    at = jvm.org.apache.hadoop.fs.Path(str(path))
    reader = jvm.org.apache.parquet.hadoop.ParquetFileReader.open(
        jvm.org.apache.parquet.hadoop.util.HadoopInputFile.fromPath(at, conf)
    )
    pages: dict[str, list[int]] = {}
    try:
        for block in reader.getFooter().getBlocks():
            for chunk in block.getColumns():
                index, rows = reader.readOffsetIndex(chunk), int(block.getRowCount())
                assert (index is None) == (reader.readColumnIndex(chunk) is None)
                firsts = (
                    [index.getFirstRowIndex(page) for page in range(index.getPageCount())] if index else []
                )
                counts = [end - first for first, end in zip(firsts, [*firsts[1:], rows])]
                pages.setdefault(chunk.getPath().toDotString(), []).extend(counts or [0])
    finally:
        reader.close()
    return pages


def test_a_join_that_fails_leaves_no_file_open(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = parquet(spark, tmp_path, "one", "select id as a from range(10)")

    def fails(*_: object) -> int:
        raise OSError("the disk is full")

    monkeypatch.setattr(ParquetFiles, "_append", fails)
    descriptors = open_files()
    with pytest.raises(OSError, match="the disk is full"):
        HadoopFiles(spark, str(tmp_path)).join_parquet([source], "joined.parquet", None)
    assert [path for path in open_files() - descriptors if "joined.parquet" in path] == []
    monkeypatch.setattr(ParquetFiles, "_close", lambda *_: None)
    with pytest.raises(OSError, match="the disk is full"):
        HadoopFiles(spark, str(tmp_path)).join_parquet([source], "left-open.parquet", None)
    assert len([path for path in open_files() - descriptors if "left-open.parquet" in path]) == 1


def open_files() -> set[str]:
    """The open files of this test's JVM, a child of this process."""
    found: set[str] = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            found.add(os.readlink(link))
        except OSError:
            continue
    return found


def test_records_of_csv_end_where_a_line_ends_outside_of_quotes(spark: SparkSession, tmp_path: Path) -> None:
    files = HadoopFiles(spark, str(tmp_path))
    remote = HadoopFiles(spark, str(tmp_path))
    remote.is_local = False
    # With one read, and with reads that end at every place.
    long = '"' + 'a\n""b' * 400_000 + '",c\n' + "x,y\n" * 3
    for text, records in [
        ("", 0),
        ("1,2\n", 1),
        ("1,2\n3", 1),
        ('1,"a\nb"\n2,""\n', 2),
        ('1,"a\n""b""\r\n"\n', 1),
        ('1,"a\n', 0),
        (long, 4),
    ]:
        (tmp_path / "a.csv").write_bytes(text.encode())
        assert files.csv_records("a.csv") == remote.csv_records("a.csv") == records


def test_names_are_listed_alike_on_a_disk_and_elsewhere(spark: SparkSession, tmp_path: Path) -> None:
    files = HadoopFiles(spark, str(tmp_path))
    remote = HadoopFiles(spark, str(tmp_path))
    remote.is_local = False
    for name in ("a b", "c#d%20", "é[1]", "x,y}"):
        (tmp_path / "some" / name).mkdir(parents=True)
    (tmp_path / "none").mkdir()
    for folder in ("some", "none", "missing"):
        assert sorted(files.names(folder)) == sorted(remote.names(folder))
    assert sorted(files.names("some")) == ["a b", "c#d%20", "x,y}", "é[1]"]
    assert files.names("none") == files.names("missing") == []


@pytest.mark.parametrize("name", ["a b#c%20d[1]é", "{x},y*?", "100%", "a=1"])
def test_a_folder_of_any_name_is_written_and_read(spark: SparkSession, tmp_path: Path, name: str) -> None:
    root = tmp_path / name
    for spelled in (str(root), local_uri(str(root))):
        files = HadoopFiles(spark, spelled)
        files.write_text("b.json", "{}")
        assert (root / "b.json").exists()
        spark.sql("select 1 as a").coalesce(1).write.mode("overwrite").parquet(files.uri("x"))
        (part,) = (name for name in files.names("x") if name.startswith("part-"))
        assert files.read_parquet([f"x/{part}"], "a int").collect()[0][0] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def test_a_path_is_on_the_local_disk_whatever_the_default_file_system(
    spark: SparkSession, tmp_path: Path
) -> None:
    conf = spark._jsc.hadoopConfiguration()  # type: ignore[attr-defined]
    before = conf.get("fs.defaultFS")
    conf.set("fs.defaultFS", "hdfs://localhost:9")
    try:
        files = HadoopFiles(spark, str(tmp_path / "out"))
        files.write_text("a/b.json", "{}")
        assert files.is_local
        assert (tmp_path / "out/a/b.json").exists()
    finally:
        conf.set("fs.defaultFS", before)


@pytest.mark.parametrize("name", ["plain", "a b#c%20d[1]é", "a*b?{c}"])
def test_several_files_are_read_once_each_in_a_folder_of_any_name(
    spark: SparkSession, tmp_path: Path, name: str
) -> None:
    files = HadoopFiles(spark, str(tmp_path / name))
    spark.range(6).repartition(3).write.parquet(files.uri("x"))
    parts = [f"x/{part}" for part in files.names("x") if part.startswith("part-")]
    assert len(parts) == 3
    for schema in ("id BIGINT", None):
        assert sorted(row.id for row in files.read_parquet(parts, schema).collect()) == [*range(6)]
