"""The container image of Spark 3.5 runs the job on Python 3.8; no other test does."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

APP = Path(__file__).parent.parent
SOURCES = [APP / "app.py", APP / "container_start.py", *sorted((APP / "medallion").glob("**/*.py"))]

# Names that Python 3.8 lacks. The type of an object is not known from an attribute alone.
LATER_NAMES = {"removeprefix", "removesuffix", "cache", "pairwise", "bit_count", "add_note"}


def later_than_38(source: str) -> list[str]:
    """The parts that Python 3.8 would refuse to import or to run, each with its line."""
    tree = ast.parse(source, feature_version=(3, 8))
    is_lazy = "from __future__ import annotations" in source
    annotations = {
        id(inner)
        for node in ast.walk(tree if is_lazy else ast.Module([], []))
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if annotation is not None
        for inner in ast.walk(annotation)
    }
    return [
        f"line {node.lineno}: {ast.dump(node)[:60]}"
        for node in ast.walk(tree)
        if id(node) not in annotations and is_later(node)
    ]


def is_later(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return is_dict(node.left) or is_dict(node.right)
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.BitOr):
        return is_dict(node.value)
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        return node.value.id in {"dict", "frozenset", "list", "set", "tuple", "type"}
    if isinstance(node, ast.Attribute):
        return node.attr in LATER_NAMES and not isinstance(node.ctx, ast.Store)
    if isinstance(node, ast.ImportFrom):
        return node.module in {"functools", "itertools"} and any(n.name in LATER_NAMES for n in node.names)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id == "zip" and any(keyword.arg == "strict" for keyword in node.keywords)
    return False


def is_dict(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        called = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        return isinstance(called, ast.Name) and called.id == "dict"
    return isinstance(node, (ast.Dict, ast.DictComp))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(APP)))
def test_python_38_can_import_the_job(path: Path) -> None:
    assert later_than_38(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "x = dict.fromkeys('ab') | {'c': 1}",
        "x = {**y} | z",
        "x |= {'c': 1}",
        "Names = list[str]",
        "from functools import cache",
        "'a'.removeprefix('b')",
        "zip(a, b, strict=True)",
    ],
)
def test_what_python_38_lacks_is_found(source: str) -> None:
    assert len(later_than_38(source)) == 1


@pytest.mark.parametrize("source", ["match x:\n    case 1: pass", "with (open(a) as b, open(c) as d): pass"])
def test_syntax_that_python_38_lacks_is_found(source: str) -> None:
    # A newer parser still accepts some newer syntax.
    with pytest.raises(SyntaxError):
        later_than_38(source)


def test_annotations_are_evaluated_unless_the_module_says_otherwise() -> None:
    source = "def f(x: list[str]) -> None: ..."
    assert len(later_than_38(source)) == 1
    assert later_than_38(f"from __future__ import annotations\n{source}") == []
