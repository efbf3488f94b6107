"""Closed deals with every feature as integer codes: what the fits sum over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimization.errors import DataError
from optimization.strength.terms import UNKNOWN, VALUE_TERMS, WIN_TERMS, Term

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int32]
BoolArray = NDArray[np.bool_]
PlaceArray = NDArray[np.intp]

FEATURES = sorted({column for term in (*WIN_TERMS, *VALUE_TERMS) for column in term.columns})
COLUMNS = (*FEATURES, "is_won", "amount", "age_days")


@dataclass(frozen=True, eq=False)
class Feature:
    """One column as codes.

    Attributes:
        code: Level of each deal, shape (deals,).
        levels: Names of the levels.
    """

    code: IntArray
    levels: pd.Index


@dataclass(frozen=True, eq=False)
class TermLevels:
    """The combinations of a term's columns that have deals.

    Attributes:
        code: Level of each deal, shape (deals,).
        parts: Code within each column's own levels, by column, shape (levels,).
    """

    code: IntArray
    parts: Mapping[str, IntArray]

    @property
    def size(self) -> int:
        """Number of levels."""
        return len(next(iter(self.parts.values())))


@dataclass(frozen=True, eq=False)
class Deals:
    """Closed deals, won or lost.

    Attributes:
        features: Codes by column.
        terms: Levels by name of a term.
        is_won: Shape (deals,).
        amount: In company currency, shape (deals,).
        age_days: Days from closing to today, shape (deals,).
    """

    features: Mapping[str, Feature]
    terms: Mapping[str, TermLevels]
    is_won: BoolArray
    amount: FloatArray
    age_days: FloatArray

    def __len__(self) -> int:
        return len(self.is_won)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> Deals:
        """Encode a frame of closed deals.

        Args:
            frame: One row per closed deal with :data:`COLUMNS`; features as text or categories, a
                missing one counts as ``(unknown)``, a level of its own.

        Raises:
            DataError: A column is missing, or a deal lacks its outcome or age.
        """
        missing = [column for column in COLUMNS if column not in frame]
        if missing:
            raise DataError("closed deals lack columns", missing, "Add them to the deals.")
        for column in ("is_won", "age_days"):
            gaps = frame.index[frame[column].isna()]
            if len(gaps):
                raise DataError(
                    f"closed deals without {column}", gaps, "Leave them out or fill them."
                )
        features = {column: _encode(frame[column]) for column in FEATURES}
        terms = {term.name: _combine(term, features) for term in (*WIN_TERMS, *VALUE_TERMS)}
        return cls(
            features=features,
            terms=terms,
            is_won=frame["is_won"].to_numpy(dtype=bool),
            amount=frame["amount"].fillna(0.0).to_numpy(dtype=float),
            age_days=frame["age_days"].to_numpy(dtype=float),
        )

    def only(self, chosen: BoolArray) -> Deals:
        """Keep some deals; levels stay numbered as they are, so that a fit of some fits all."""
        return Deals(
            features={
                name: Feature(feature.code[chosen], feature.levels)
                for name, feature in self.features.items()
            },
            terms={
                name: TermLevels(term.code[chosen], term.parts) for name, term in self.terms.items()
            },
            is_won=self.is_won[chosen],
            amount=self.amount[chosen],
            age_days=self.age_days[chosen],
        )

    def rows(self) -> IntArray:
        """Positions of all deals."""
        return np.arange(len(self), dtype=np.int32)

    def reps(self) -> pd.Index:
        """Reps with a deal."""
        feature = self.features["rep_id"]
        return feature.levels[np.unique(feature.code)]

    def labels(self, term: Term, column: str) -> NDArray[np.object_]:
        """Name of a column at each level of a term, shape (levels,)."""
        names = self.features[column].levels.to_numpy(dtype=object)
        found: NDArray[np.object_] = names[self.terms[term.name].parts[column]]
        return found


def _encode(values: pd.Series) -> Feature:
    held = values.astype("category").cat
    code, levels = held.codes.to_numpy(), pd.Index(held.categories)
    if (code < 0).any():
        if UNKNOWN not in levels:
            levels = levels.append(pd.Index([UNKNOWN]))
        code = np.where(code < 0, levels.get_loc(UNKNOWN), code)
    return Feature(code.astype(np.int32, copy=False), levels)


def _combine(term: Term, features: Mapping[str, Feature]) -> TermLevels:
    first, *others = term.columns
    if not others:
        feature = features[first]
        levels = np.arange(len(feature.levels), dtype=np.int32)
        return TermLevels(feature.code, {first: levels})
    flat = features[first].code.astype(np.int64)
    for column in others:
        flat = flat * max(len(features[column].levels), 1) + features[column].code
    code, found = pd.factorize(flat)
    parts: dict[str, IntArray] = {}
    for column in reversed(others):
        found, part = np.divmod(found, max(len(features[column].levels), 1))
        parts[column] = part.astype(np.int32)
    return TermLevels(code.astype(np.int32), {first: found.astype(np.int32), **parts})


def places(names: pd.Index, values: Iterable[object]) -> PlaceArray:
    """Position of each value among names, -1 where it is not there."""
    return names.get_indexer(pd.Index(values))
