"""The file of progress lines next to the checkpoints."""

from __future__ import annotations

from pathlib import Path

import pytest

from medallion.progress_file import ProgressFile


def test_lines_are_appended_across_processes(tmp_path: Path) -> None:
    path = tmp_path / "_progress.jsonl"
    ProgressFile(str(path)).append('{"batch":1}')
    again = ProgressFile(str(path))
    again.append('{"batch":2}')
    again.append('{"batch":3}')
    assert path.read_text() == '{"batch":1}\n{"batch":2}\n{"batch":3}\n'


def test_a_line_that_a_kill_cut_off_does_not_swallow_the_next(tmp_path: Path) -> None:
    path = tmp_path / "_progress.jsonl"
    path.write_text('{"batch":1}\n{"bat')
    ProgressFile(str(path)).append('{"batch":2}')
    assert path.read_text() == '{"batch":1}\n{"bat\n{"batch":2}\n'


def test_the_file_is_bounded_and_has_one_predecessor(tmp_path: Path) -> None:
    path = tmp_path / "_progress.jsonl"
    file = ProgressFile(str(path), most_bytes=20)
    for batch in range(7):
        file.append(f'{{"batch":{batch}}}')
    assert path.read_text() == '{"batch":6}\n'
    assert (tmp_path / "_progress.jsonl.1").read_text() == '{"batch":4}\n{"batch":5}\n'
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["_progress.jsonl", "_progress.jsonl.1"]


def test_a_line_that_cannot_be_written_is_reported_once_and_harms_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "missing"
    file = ProgressFile(str(folder / "_progress.jsonl"))
    file.append("1")
    file.append("2")
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith("_progress.jsonl: No such file or directory")
    folder.mkdir()
    file.append("3")
    assert (folder / "_progress.jsonl").read_text() == "3\n"


def test_there_is_no_file_without_a_local_disk() -> None:
    ProgressFile(None).append("1")
