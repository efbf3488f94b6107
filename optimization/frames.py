"""Checks on input frames that name the offending records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from optimization.arrays import FloatArray
from optimization.errors import DataError


def labels(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Name each row by its key columns, for messages."""
    return [" / ".join(str(part) for part in row) for row in frame[list(columns)].to_numpy()]


def require_columns(
    frame: pd.DataFrame, name: str, columns: Sequence[str], key: Sequence[str]
) -> pd.DataFrame:
    """Return the named columns after checking that they exist and that the key is one.

    Raises:
        DataError: A column is missing, a key is empty or occurs twice.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise DataError(f"{name} lacks columns", missing, "Add them to the frame.")
    kept = frame[list(columns)].reset_index(drop=True)
    empty = kept[list(key)].isna().any(axis=1)
    if empty.any():
        rows = kept.index[empty].tolist()
        raise DataError(f"{name} has rows without {', '.join(key)}", rows, "Fill or drop them.")
    twice = kept.duplicated(list(key))
    if twice.any():
        raise DataError(
            f"{name} must have one row per {', '.join(key)}",
            labels(kept[twice], key),
            "Remove the duplicates.",
        )
    return kept


def require_numbers(
    frame: pd.DataFrame,
    name: str,
    column: str,
    key: Sequence[str],
    upper: float = np.inf,
) -> FloatArray:
    """Return a column as floats after checking that all lie in [0, upper] and are finite.

    Raises:
        DataError: A value is missing, infinite, negative or above the upper limit.
    """
    values: FloatArray = pd.to_numeric(frame[column], errors="coerce").to_numpy(
        dtype=np.float64, na_value=np.nan
    )
    bad = ~(np.isfinite(values) & (values >= 0) & (values <= upper))
    if bad.any():
        limit = "a finite number >= 0" if np.isinf(upper) else f"a number in [0, {upper:g}]"
        raise DataError(
            f"{name}.{column} must be {limit}", labels(frame[bad], key), "Correct the values."
        )
    return values
