"""Cells: SQL that cleans a source cell, casts it to the contract type and notes what it did.

Cleaning: no-break spaces become spaces, invisible characters go, letters are composed (NFC), outer
white space goes, an empty text becomes null. What could be mended for sure is a *fix* (noted by its
kind, never by its content); what could not be read is an *issue*. A cell is never lost silently.
A native column of a fitting type skips the detour over text, which keeps large files fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dagster_project.sources.formats import PLAIN, Format, date_sql, number_sql
from dagster_project.warehouse.tables import Column, quote_identifier, quote_text

# Words of the usual exports: English, German, French, Spanish and Portuguese, Italian, numbers.
_TRUE = (
    *("true", "t", "yes", "y", "1", "1.0", "on", "x", "ja", "j", "wahr", "oui", "o", "vrai"),
    *("sí", "si", "sì", "s", "sim", "verdadero", "verdadeiro", "vero"),
)
_FALSE = (
    *("false", "f", "no", "n", "0", "0.0", "off", "nein", "falsch", "non", "faux", "não", "nao"),
    *("falso",),
)
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
# What programs write for "nothing". In free text they may be a real answer and stay.
_NULL_WORDS = (
    *("None", "none", "NONE", "Null", "null", "NULL", "<null>", "(null)", "NaN", "nan", "NAN"),
    *("NaT", "N/A", "n/a", "#N/A", "-", "--"),
)
# Databases write it for nothing, and nobody else: also in free text.
_NULL_MARK = r"\N"
# Spaces of typesetting, and characters that nobody sees, both beyond ASCII.
_WIDE_SPACES = r"'[\x{00A0}\x{2007}\x{202F}\x{3000}]'"
_INVISIBLE = r"'[\x{200B}\x{200C}\x{200D}\x{2060}\x{FEFF}]'"
# Control characters, which a terminal obeys, and marks that turn the direction of a line.
_CONTROLS = r"'[\x00-\x1F\x7F]'"
_TURNING = r"'[\x{061C}\x{200E}\x{200F}\x{202A}-\x{202E}\x{2066}-\x{2069}]'"
_LINE_BLANKS = "chr(9) || chr(10) || chr(13)"
# Dates that programs write for "unknown" or "for ever", the epochs of spreadsheets and of Unix
# among them; and everything from 2200 on.
_PLACEHOLDER_DATES = ("1899-12-30", "1899-12-31", "1900-01-01", "1901-01-01", "1970-01-01")
_FIRST_REAL_DATE = "1800-01-01"
_FIRST_FAR_DATE = "2200-01-01"
_LONGEST_QUOTED_CELL = 40
_NOT_READABLE: dict[str, str] = {
    "DOUBLE": "is not a number",
    "BIGINT": "is not a whole number",
    "BOOLEAN": "is not true or false",
    "TIMESTAMP": "is not a date and time",
    "DATE": "is not a date",
    "VARCHAR": "is a date or a rounded number in the place of an id",
}


@dataclass(frozen=True)
class Cell:
    """How one contract column is read, in steps, so that no step is computed twice.

    Attributes:
        raw: SQL over the source, giving cleaned text or a native value of a fitting type.
        cleaned: SQL over the source, true where unusual characters were replaced; None where
            there can be none.
        parsed: SQL over ``raw`` (named like the column), giving a value of the column's type.
        value: SQL over ``parsed`` (named like the column), giving the value that counts.
        fix: SQL over ``parsed`` and the text (:func:`text_name`), giving the kind of a mended
            cell or null; None where nothing can be mended.
        issue: SQL over ``value`` (named like the column), its text and its fix (:func:`fix_name`),
            giving the note on an unreadable cell; None where every cell is readable.
    """

    raw: str
    cleaned: str | None
    parsed: str
    value: str
    fix: str | None
    issue: str | None


def text_name(column: Column) -> str:
    """Name the helper column that keeps a cell's text beside its value, quoted."""
    return quote_identifier(f"{column.name} as text")


def fix_name(column: Column) -> str:
    """Name the helper column that says how a cell was mended, quoted."""
    return quote_identifier(f"{column.name} fix")


def cleaned_name(column: Column) -> str:
    """Name the helper column that says whether unusual characters were replaced, quoted."""
    return quote_identifier(f"{column.name} cleaned")


def clean_text(expression: str) -> str:
    """Build SQL that cleans a text: unusual characters, outer white space, empty to null.

    A control character becomes the picture of it, so that no message, page or file built from the
    cell can steer a terminal. Most cells are plain; finding that out costs a third of cleaning
    them.
    """
    return (
        f"nullif(trim(case when {_is_plain(expression)} then {expression} "
        f"else {_compose(_trim_lines(expression))} end), '')"
    )


def is_cleaned(expression: str) -> str:
    """Build SQL that is true where :func:`clean_text` replaces more than outer white space."""
    trimmed = _trim_lines(expression)
    return f"case when {_is_plain(expression)} then false else {_compose(trimmed)} <> {trimmed} end"


def _trim_lines(expression: str) -> str:
    return f"trim({expression}, ' ' || {_LINE_BLANKS})"


def _is_plain(expression: str) -> str:
    """Only ASCII that can be seen: as many bytes as characters, and no control character."""
    return (
        f"strlen({expression}) = length({expression}) "
        f"and not regexp_matches({expression}, {_CONTROLS})"
    )


def _compose(expression: str) -> str:
    spaced = f"regexp_replace({expression}, {_WIDE_SPACES}, ' ', 'g')"
    seen = f"regexp_replace(regexp_replace({spaced}, {_INVISIBLE}, '', 'g'), {_TURNING}, '', 'g')"
    # A line end inside a cell would begin a line of its own in a message.
    flat = f"translate({seen}, {_LINE_BLANKS}, '   ')"
    pictured = f"translate({flat}, {_control_characters()}, {quote_text(_PICTURES)})"
    return f"nfc_normalize({pictured})"


_STEERING = [*(n for n in range(32) if n not in (9, 10, 13)), 127, *range(128, 160)]
_PICTURES = "".join(
    chr(0x2400 + n) if n < 32 else "\u2421" if n == 127 else "\ufffd" for n in _STEERING
)


def _control_characters() -> str:
    return " || ".join(f"chr({n})" for n in _STEERING)


def cell_text(expression: str, source_type: str, values: Mapping[str, str]) -> str:
    """Build SQL for the cleaned text of a cell, its values replaced.

    Args:
        expression: SQL of the source cell (a quoted column or a literal).
        source_type: DuckDB type of that expression.
        values: Raw text to canonical text.
    """
    source = expression if source_type == "VARCHAR" else f"cast({expression} as varchar)"
    text = f"nullif({clean_text(source)}, {quote_text(_NULL_MARK)})"
    if values:
        cases = " ".join(
            f"when {quote_text(raw)} then {quote_text(canonical)}"
            for raw, canonical in values.items()
        )
        text = f"case {text} {cases} else {text} end"
    return text


def is_read_as_text(column: Column, source_type: str, values: Mapping[str, str]) -> bool:
    """Whether a column of numbers or dates has to be read from text."""
    native = _read_native(column.type, "", source_type, "", is_date_only=False)
    return column.type not in ("VARCHAR", "BOOLEAN") and (bool(values) or native is None)


def read_cell(
    column: Column,
    expression: str,
    source_type: str,
    timezone: str,
    values: Mapping[str, str],
    form: Format = PLAIN,
) -> Cell:
    """Build the SQL that reads one column.

    Args:
        column: The contract column.
        expression: SQL of the source cell (a quoted column or a literal).
        source_type: DuckDB type of that expression.
        timezone: The company's time zone; times with an offset are turned into its local time.
        values: Raw text to canonical text, applied before the cast.
        form: How dates and numbers are written.

    Returns:
        The typed value and the notes.
    """
    name = quote_identifier(column.name)
    native = None
    if not values:
        native = _read_native(
            column.type, expression, source_type, timezone, is_date_only=form.is_date_only
        )
    is_date = column.type in ("DATE", "TIMESTAMP")
    value = _real_date(name) if is_date else name
    if native is not None:
        fix = f"case when {_is_placeholder(name)} then {_placeholder_note(column)} end"
        return Cell(native, None, name, value, fix if is_date else None, None)
    source = expression if source_type == "VARCHAR" else f"cast({expression} as varchar)"
    text = cell_text(expression, source_type, values)
    if column.type != "VARCHAR":
        parsed = _cast_text(column.type, name, timezone, form)
        return Cell(text, None, parsed, value, _fix(column), _issue(column, name))
    # Only text keeps the characters that were cleaned; in other types they never mattered.
    cleaned = is_cleaned(source)
    if not column.name.endswith("_id"):
        return Cell(text, cleaned, name, name, None, None)
    return Cell(text, cleaned, name, _read_id(name), _fix(column), _issue(column, name))


def _issue(column: Column, name: str) -> str:
    problem = _NOT_READABLE[column.type]
    if column.is_personal:
        note = quote_text(f"{column.name}: the value {problem}")
    else:
        start, end = quote_text(f"{column.name}: '"), quote_text(f"' {problem}")
        note = f"{start} || left({text_name(column)}, {_LONGEST_QUOTED_CELL}) || {end}"
    unreadable = (
        f"{name} is null and {text_name(column)} is not null and {fix_name(column)} is null"
    )
    return f"case when {unreadable} then {note} end"


def _fix(column: Column) -> str:
    """Say what kind of mending a text cell got; null where it got none."""
    text, value = text_name(column), quote_identifier(column.name)
    empty = quote_text(f"{column.name}: word for nothing left empty")
    # A value of another type than text was not read from such a word.
    is_candidate = "" if column.type == "VARCHAR" else f"{value} is null and "
    cases = f"when {is_candidate}{_is_null_word(text)} then {empty}"
    if column.type == "VARCHAR":
        whole = quote_text(f"{column.name}: decimals of an id dropped")
        cases += f" when {_is_float_id(text)} then {whole}"
    if column.type in ("DATE", "TIMESTAMP"):
        is_placeholder = _is_placeholder(value)
        cases += f" when {is_placeholder} then {_placeholder_note(column)}"
    return f"case {cases} end"


def _placeholder_note(column: Column) -> str:
    return quote_text(f"{column.name}: placeholder date left empty")


def _is_null_word(text: str) -> str:
    words = ", ".join(quote_text(word) for word in _NULL_WORDS)
    return f"{text} in ({words})"


def _is_float_id(text: str) -> str:
    return f"(contains({text}, '.0') and regexp_full_match({text}, '[0-9]+[.]0+'))"


def _read_id(text: str) -> str:
    """Read an id: words for nothing are empty, 1001.0 is 1001, a date or 1.2E+11 is no id."""
    is_date = (
        f"(substr({text}, 5, 1) = '-' and substr({text}, 8, 1) = '-' and regexp_full_match({text}, "
        "'[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9.]+)?)?'))"
    )
    is_rounded = (
        f"(contains({text}, '+') and regexp_full_match({text}, '[0-9]([.,][0-9]+)?[eE][+][0-9]+'))"
    )
    return (
        f"case when {_is_null_word(text)} or {is_date} or {is_rounded} then null "
        f"when {_is_float_id(text)} then split_part({text}, '.', 1) else {text} end"
    )


def boolean_sql(text: str) -> str:
    """Build SQL that reads cleaned text as true or false; null where it is neither."""
    yes = ", ".join(quote_text(word) for word in _TRUE)
    no = ", ".join(quote_text(word) for word in _FALSE)
    word = f"lower({text})"
    return f"case when {word} in ({yes}) then true when {word} in ({no}) then false end"


def _cast_text(type_: str, text: str, timezone: str, form: Format) -> str:
    """Cast cleaned text; null where it cannot be read."""
    if type_ == "BOOLEAN":
        return boolean_sql(text)
    if type_ in ("DATE", "TIMESTAMP"):
        moment = date_sql(text, form, timezone)
        return f"cast({moment} as date)" if type_ == "DATE" else moment
    number = f"try_cast({number_sql(text, form)} as double)"
    if type_ == "DOUBLE":
        return f"case when isfinite({number}) then {number} end"
    # Beyond 2^53 a double is no exact number: then the text itself is.
    whole = f"try_cast({number_sql(text, form)} as bigint)"
    return f"case when {number} = trunc({number}) then {whole} end"


def _real_date(moment: str) -> str:
    """Leave out placeholders, and the first century that years of two digits are taken for."""
    is_real = f"{moment} >= date '{_FIRST_REAL_DATE}' and not {_is_placeholder(moment)}"
    return f"case when {is_real} then {moment} end"


def _is_placeholder(moment: str) -> str:
    """A date that stands for no date; never null, so that it can be negated."""
    dates = ", ".join(f"date '{date}'" for date in _PLACEHOLDER_DATES)
    is_far = f"{moment} >= date '{_FIRST_FAR_DATE}'"
    return f"coalesce({is_far} or cast({moment} as date) in ({dates}), false)"


def _read_native(
    type_: str, expression: str, source_type: str, timezone: str, *, is_date_only: bool
) -> str | None:
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
            zone = "UTC" if is_date_only else timezone
            return f"cast(timezone({quote_text(zone)}, {expression}) as {type_})"
    return None
