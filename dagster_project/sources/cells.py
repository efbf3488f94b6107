"""Cells: SQL that cleans a source cell, casts it to the contract type and notes what fails.

Belongs here: expressions over one column. Does not belong here: where a column comes from.
Cleaning: no-break spaces become spaces, outer white space goes, an empty text becomes null.
A native column of a fitting type skips the detour over text, which keeps large files fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dagster_project.contract import ColumnType, LandingColumn, quote_identifier

_TRUE = ("true", "t", "yes", "y", "1")
_FALSE = ("false", "f", "no", "n", "0")
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_NO_BREAK_SPACE = "chr(160)"
_RARE_BLANKS = (_NO_BREAK_SPACE, "chr(9)", "chr(10)", "chr(13)")
_LONGEST_QUOTED_CELL = 40
_NOT_READABLE: dict[ColumnType, str] = {
    "DOUBLE": "is not a number",
    "BIGINT": "is not a whole number",
    "BOOLEAN": "is not true or false",
    "TIMESTAMP": "is not a date and time",
    "DATE": "is not a date",
    "VARCHAR": "is not text",
}


@dataclass(frozen=True)
class Cell:
    """How one contract column is read, in steps, so that no step is computed twice.

    Attributes:
        raw: SQL over the source, giving cleaned text or a native value of a fitting type.
        value: SQL over ``raw`` (named like the column), giving the typed value.
        issue: SQL over the value (named like the column) and its text (:func:`text_name`),
            giving the note on an unreadable cell; None where every cell is readable.
    """

    raw: str
    value: str
    issue: str | None


def text_name(column: LandingColumn) -> str:
    """Name the helper column that keeps a cell's text beside its value, quoted."""
    return quote_identifier(f"{column.name} as text")


def quote_text(value: str) -> str:
    """Quote a text for use as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def clean_text(expression: str) -> str:
    """Build SQL that cleans a text: no-break spaces, outer white space, empty to null.

    Most cells hold none of the rare blanks; finding that out costs a third of replacing them.
    """
    rare = " or ".join(f"contains({expression}, {blank})" for blank in _RARE_BLANKS)
    outer = f"' ' || {' || '.join(_RARE_BLANKS)}"
    thorough = f"trim(replace({expression}, {_NO_BREAK_SPACE}, ' '), {outer})"
    return f"nullif(trim(case when {rare} then {thorough} else {expression} end), '')"


def read_cell(
    column: LandingColumn,
    expression: str,
    source_type: str,
    timezone: str,
    values: Mapping[str, str],
) -> Cell:
    """Build the SQL that reads one column.

    Args:
        column: The contract column.
        expression: SQL of the source cell (a quoted column or a literal).
        source_type: DuckDB type of that expression.
        timezone: The company's time zone; times with an offset are turned into its local time.
        values: Raw text to canonical text, applied before the cast.

    Returns:
        The typed value and the note.
    """
    name = quote_identifier(column.name)
    native = None if values else _read_native(column.type, expression, source_type, timezone)
    if native is not None:
        return Cell(native, name, None)
    text = clean_text(expression if source_type == "VARCHAR" else f"cast({expression} as varchar)")
    if values:
        cases = " ".join(
            f"when {quote_text(raw)} then {quote_text(canonical)}"
            for raw, canonical in values.items()
        )
        text = f"case {text} {cases} else {text} end"
    if column.type == "VARCHAR":
        return Cell(text, name, None)
    problem = _NOT_READABLE[column.type]
    if column.is_personal:
        note = quote_text(f"{column.name}: the value {problem}")
    else:
        start, end = quote_text(f"{column.name}: '"), quote_text(f"' {problem}")
        note = f"{start} || left({text_name(column)}, {_LONGEST_QUOTED_CELL}) || {end}"
    unreadable = f"{name} is null and {text_name(column)} is not null"
    value = _cast_text(column.type, name, timezone)
    return Cell(text, value, f"case when {unreadable} then {note} end")


def _cast_text(type_: ColumnType, text: str, timezone: str) -> str:
    """Cast cleaned text; null where it cannot be read."""
    if type_ == "BOOLEAN":
        yes = ", ".join(quote_text(word) for word in _TRUE)
        no = ", ".join(quote_text(word) for word in _FALSE)
        word = f"lower({text})"
        return f"case when {word} in ({yes}) then true when {word} in ({no}) then false end"
    number = f"try_cast({text} as double)"
    if type_ == "DOUBLE":
        return f"case when isfinite({number}) then {number} end"
    if type_ == "BIGINT":
        return f"case when {number} = trunc({number}) then try_cast({text} as bigint) end"
    if type_ == "TIMESTAMP":
        # A plain cast would drop an offset and so move a deal by hours, perhaps to another month.
        # The two common forms without an offset are told apart by length, before the pattern.
        is_plain = f"length({text}) = 10 or (length({text}) = 19 and substr({text}, 17, 1) = ':')"
        has_offset = f"regexp_matches({text}, '(Z|:[0-9.:]+ ?[+-][0-9]{{2}}(:?[0-9]{{2}})?)$')"
        local = f"timezone({quote_text(timezone)}, try_cast({text} as timestamptz))"
        plain = f"try_cast({text} as timestamp)"
        return f"case when {is_plain} then {plain} when {has_offset} then {local} else {plain} end"
    return f"try_cast({text} as {type_})"


def _read_native(type_: ColumnType, expression: str, source_type: str, timezone: str) -> str | None:
    """Build SQL for a column whose type already fits; None where it must be read as text.

    A floating-point NaN stands for a missing value, as data frames write it.
    """
    whole = source_type in _WHOLE
    if type_ == "DOUBLE" and (whole or source_type.startswith("DECIMAL")):
        return f"cast({expression} as double)"
    if type_ == "DOUBLE" and source_type in ("DOUBLE", "FLOAT"):
        return f"case when isfinite({expression}) then cast({expression} as double) end"
    if type_ == "BIGINT" and whole:
        return f"cast({expression} as bigint)"
    if type_ == "BOOLEAN" and source_type == "BOOLEAN":
        return expression
    if type_ in ("TIMESTAMP", "DATE"):
        if source_type in ("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"):
            return f"cast({expression} as {type_})"
        if source_type == "TIMESTAMP WITH TIME ZONE":
            return f"cast(timezone({quote_text(timezone)}, {expression}) as {type_})"
    return None
