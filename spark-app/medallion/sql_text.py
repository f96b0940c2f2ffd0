"""Names and texts in SQL."""

from __future__ import annotations


def literal(text: str) -> str:
    """A text as an SQL literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def name(*path: str) -> str:
    """A column, or a member of a struct, as an SQL name."""
    return ".".join(f"`{part}`" for part in path)
