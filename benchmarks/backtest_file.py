"""Any opportunity table as deals for the strength model: columns by name, values read with care.

Belongs here: from a CSV or Parquet file to one tidy frame, and what was left out of it and why.
Does not belong here: folds, fitting or scoring.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

UNKNOWN = "(unknown)"
ROLES = ("rep_id", "is_won", "closed_at", "created_at", "account_id", "group_id", "amount")
SLOTS = ("industry", "geography", "size_band", "product")
# Other usual names of the four dimensions.
ALIASES = {"region": "geography", "territory": "geography", "country": "geography"} | {
    "product_id": "product",
    "size": "size_band",
    "employees": "size_band",
    "sector": "industry",
}
WON = ("true", "t", "1", "1.0", "yes", "y", "won", "win", "closed won", "successful", "accepted")
LOST = ("false", "f", "0", "0.0", "no", "n", "lost", "loss", "closed lost", "unsuccessful")
DATE_FORMATS = (
    *("%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%Y", "%Y/%m/%d"),
    *("%d-%b-%y", "%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%B %d, %Y", "%Y%m%d", "%Y-%m", "%Y"),
    *("%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%m/%d/%y %H:%M", "%d.%m.%Y %H:%M"),
)
MOST_NUMERIC_LEVELS = 12


class FileError(Exception):
    """The file or the mapping cannot be used; the message says what to change."""


@dataclass(frozen=True)
class ClosedDeals:
    """Closed deals ready for folds.

    Attributes:
        frame: opportunity_id, rep_id, account_id, group_id, the four dimensions, is_won, amount,
            at (date that orders the deals); sorted by date.
        left_out: Number of rows not used, by reason.
        dimensions: Dimension of the model by name given.
        notes: What a reader must know of how the file was read.
    """

    frame: pd.DataFrame
    left_out: dict[str, int]
    dimensions: dict[str, str]
    notes: list[str]


def read_deals(
    path: Path,
    columns: Mapping[str, str],
    dimensions: Mapping[str, str],
    won: tuple[str, ...] = (),
    lost: tuple[str, ...] = (),
) -> ClosedDeals:
    """Read a file of opportunities.

    Args:
        path: CSV (any delimiter, UTF-8 or Latin-1) or Parquet.
        columns: Column of the file by role (:data:`ROLES`); rep_id, is_won and one date are needed.
        dimensions: Column of the file by dimension; up to four, under any name.
        won: Values of is_won that mean won, besides the usual ones.
        lost: Values of is_won that mean lost, besides the usual ones.

    Raises:
        FileError: A column is missing, nothing can be read, or too much is asked for.
    """
    columns, dimensions = _sort_out(columns, dimensions)
    raw = _read_text(path)
    for name in (*columns.values(), *dimensions.values()):
        if name not in raw.columns:
            close = difflib.get_close_matches(name, raw.columns, 1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise FileError(
                f"{path.name} has no column {name!r}; {hint}it has {', '.join(raw.columns)}"
            )
    notes: list[str] = []
    frame = pd.DataFrame({"opportunity_id": np.arange(len(raw))})
    frame["rep_id"] = _text(raw[columns["rep_id"]])
    frame["is_won"] = _outcome(raw[columns["is_won"]], won, lost)
    date = "closed_at" if "closed_at" in columns else "created_at"
    frame["at"], date_format = _dates(raw[columns[date]])
    notes.append(f"dates from {columns[date]!r}, read as {date_format}")
    if date == "created_at":
        notes.append("no closing date: deals count as known from the day they were created")
    for name in ("account_id", "group_id"):
        frame[name] = _text(raw[columns[name]]).fillna(UNKNOWN) if name in columns else UNKNOWN
    amount = (
        raw[columns["amount"]].str.replace(r"[^0-9.eE+-]", "", regex=True)
        if ("amount" in columns)
        else pd.Series("0", index=raw.index)
    )
    frame["amount"] = pd.to_numeric(amount, errors="coerce").fillna(0.0)
    slots = _assign_slots(dimensions)
    for slot in SLOTS:
        given = next((name for name, taken in slots.items() if taken == slot), None)
        frame[slot] = _levels(raw[dimensions[given]], given, notes) if given else UNKNOWN
    left_out = {
        "no rep": int(frame["rep_id"].isna().sum()),
        "open or unknown outcome": int((frame["rep_id"].notna() & frame["is_won"].isna()).sum()),
        "no readable date": int(
            (frame["rep_id"].notna() & frame["is_won"].notna() & frame["at"].isna()).sum()
        ),
    }
    frame = frame.dropna(subset=["rep_id", "is_won", "at"])
    if frame.empty:
        seen = ", ".join(map(repr, _text(raw[columns["is_won"]]).dropna().unique()[:6]))
        raise FileError(
            f"no usable row among {len(raw):,} ({_in_words(left_out)}); {columns['is_won']!r} "
            f"holds {seen}: say which mean won and lost with --won VALUE and --lost VALUE"
        )
    frame["is_won"] = frame["is_won"].astype(bool)
    frame = frame.sort_values(["at", "opportunity_id"], ignore_index=True)
    return ClosedDeals(frame, {k: v for k, v in left_out.items() if v}, slots, notes)


def _sort_out(
    columns: Mapping[str, str], dimensions: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Take a mapped dimension for what it is, and refuse what is missing or unknown."""
    roles = {name: column for name, column in columns.items() if name in ROLES}
    others = {name: column for name, column in columns.items() if name not in ROLES}
    for name in others:
        if ALIASES.get(name, name) not in SLOTS:
            raise FileError(
                f"--map {name}: no such field; use one of {', '.join(ROLES)}, or --dimension "
                f"{name}={others[name]}"
            )
    for name in ("rep_id", "is_won"):
        if name not in roles:
            raise FileError(f"say which column holds {name}: --map {name}=COLUMN")
    if not {"closed_at", "created_at"} & set(roles):
        raise FileError(
            "say which column holds a date: --map closed_at=COLUMN or created_at=COLUMN"
        )
    return roles, {**others, **dimensions}


def _assign_slots(dimensions: Mapping[str, str]) -> dict[str, str]:
    """Give every named dimension one of the model's four; any name will do."""
    slots: dict[str, str] = {}
    for name in dimensions:
        slot = ALIASES.get(name, name)
        if slot in SLOTS and slot not in slots.values():
            slots[name] = slot
    for name in dimensions:
        if name not in slots:
            free = [slot for slot in SLOTS if slot not in slots.values()]
            if not free:
                raise FileError(f"{len(dimensions)} dimensions given; the model has {len(SLOTS)}")
            slots[name] = free[0]
    return slots


def _read_text(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise FileError(f"{path} is no file")
    with duckdb.connect(":memory:") as connection:
        if path.suffix.lower() in (".parquet", ".pq"):
            found = connection.execute(
                "select columns(*)::varchar from read_parquet(?)", [str(path)]
            )
            frame: pd.DataFrame = found.df()
            return frame
        for encoding in ("utf-8", "latin-1"):
            try:
                found = connection.execute(
                    "select * from read_csv(?, all_varchar = true, header = true, "
                    f"encoding = '{encoding}', null_padding = true, sample_size = -1)",
                    [str(path)],
                )
                return found.df()
            except duckdb.Error as error:
                problem = str(error).splitlines()[0]
    raise FileError(f"{path.name} cannot be read as CSV: {problem}")


def _text(column: pd.Series) -> pd.Series:
    text = column.str.replace("\u00a0", " ").str.strip()
    return text.mask(text.isin(["", "NULL", "null", "None", "nan", "NaN", "N/A"]))


def _outcome(column: pd.Series, won: tuple[str, ...], lost: tuple[str, ...]) -> pd.Series:
    text = _text(column).str.lower()
    outcome = pd.Series(np.nan, index=column.index, dtype=object)
    is_named = bool(won or lost)
    outcome[text.isin([v.lower() for v in lost] if is_named and lost else LOST)] = False
    outcome[text.isin([v.lower() for v in won] if is_named and won else WON)] = True
    return outcome


def _dates(column: pd.Series) -> tuple[pd.Series, str]:
    """Read dates in the one format that fits most of them."""
    text = _text(column)
    with duckdb.connect(":memory:") as connection:
        connection.register("given", pd.DataFrame({"place": range(len(text)), "value": text}))
        tries = {"ISO 8601": "try_cast(value as timestamp)"} | {
            form: f"try_strptime(value, '{form}')" for form in DATE_FORMATS
        }
        counts = connection.execute(
            "select " + ", ".join(f"count({sql})" for sql in tries.values()) + " from given"
        ).fetchall()[0]
        best = max(zip(counts, tries, strict=True), key=lambda pair: pair[0])[1]
        read = connection.execute(
            f"select cast({tries[best]} as date) as at from given order by place"
        ).df()
    return pd.to_datetime(read["at"]), best


def _levels(column: pd.Series, name: str, notes: list[str]) -> pd.Series:
    """Levels of a dimension; a number with many values becomes four bands of equal count."""
    text = _text(column)
    numbers = pd.to_numeric(text, errors="coerce")
    is_number = numbers.notna().sum() >= 0.95 * max(1, text.notna().sum())
    if is_number and numbers.nunique() > MOST_NUMERIC_LEVELS:
        bands = pd.qcut(numbers, 4, duplicates="drop").astype(str)
        notes.append(f"{name!r} is a number: taken in four bands of equal count")
        return bands.where(numbers.notna(), UNKNOWN)
    return text.fillna(UNKNOWN)


def _in_words(left_out: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in left_out.items() if count)
