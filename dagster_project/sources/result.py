"""What a pull reports."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PullResult:
    """What a pull brought.

    Attributes:
        table: Landing table.
        row_count: Rows written.
        content_hash: Hash of the rows that landed, whatever their order; empty without a table.
        watermark: Latest date in the table, as text, or None.
        source_files: Files read, relative to the source's folder where they lie in it.
        issue_count: Rows with a cell that could not be read.
        fix_count: Rows with a cell that was mended.
        absent: The company has no such table; an empty one was written.
        source_columns: Columns the source had, mapped or not.
        notes: What was found out, and cells that could not be read, for people; no cell of HR data.
    """

    table: str
    row_count: int
    content_hash: str
    watermark: str | None
    source_files: tuple[str, ...]
    issue_count: int
    fix_count: int
    absent: bool
    source_columns: tuple[str, ...]
    notes: tuple[str, ...] = ()
