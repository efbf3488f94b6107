"""Closed deals and spells with every feature as integer codes: what the fits sum over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimization.errors import DataError
from optimization.strength.terms import CREATION_TERMS, UNKNOWN, VALUE_TERMS, WIN_TERMS, Term

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int32]
BoolArray = NDArray[np.bool_]
PlaceArray = NDArray[np.intp]

DEAL_TERMS = (*WIN_TERMS, *VALUE_TERMS)
FEATURES = sorted({column for term in DEAL_TERMS for column in term.columns})
COLUMNS = (*FEATURES, "is_won", "amount", "age_days")
SPELL_FEATURES = sorted({column for term in CREATION_TERMS for column in term.columns})
SPELL_COLUMNS = (*SPELL_FEATURES, "created_count", "years", "age_days")


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


@dataclass(frozen=True, eq=False, kw_only=True)
class Records:
    """What a model is fitted on: one record per closed deal, or per spell.

    Attributes:
        features: Codes by column.
        terms: Levels by name of a term.
        age_days: Days until today, shape (records,).
    """

    features: Mapping[str, Feature]
    terms: Mapping[str, TermLevels]
    age_days: FloatArray

    def __len__(self) -> int:
        return len(self.age_days)

    def rows(self) -> IntArray:
        """Positions of all records."""
        return np.arange(len(self), dtype=np.int32)

    def reps(self) -> pd.Index:
        """Reps with a record."""
        feature = self.features["rep_id"]
        return feature.levels[np.unique(feature.code)]

    def labels(self, term: Term, column: str) -> NDArray[np.object_]:
        """Name of a column at each level of a term, shape (levels,)."""
        names = self.features[column].levels.to_numpy(dtype=object)
        found: NDArray[np.object_] = names[self.terms[term.name].parts[column]]
        return found


@dataclass(frozen=True, eq=False, kw_only=True)
class Deals(Records):
    """Closed deals, won or lost; their age is that of closing.

    Attributes:
        is_won: Shape (deals,).
        amount: In company currency, shape (deals,).
    """

    is_won: BoolArray
    amount: FloatArray

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> Deals:
        """Encode a frame of closed deals.

        Args:
            frame: One row per closed deal with :data:`COLUMNS`; features as text or categories, a
                missing one counts as ``(unknown)``, a level of its own.

        Raises:
            DataError: A column is missing, or a deal lacks its outcome or age.
        """
        _check(frame, "closed deals", COLUMNS, ("is_won", "age_days"))
        features = {column: _encode(frame[column]) for column in FEATURES}
        return cls(
            features=features,
            terms={term.name: _combine(term, features) for term in DEAL_TERMS},
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


@dataclass(frozen=True, eq=False, kw_only=True)
class Spells(Records):
    """Stretches of time in which one rep was in charge of one account, half years at most.

    Attributes:
        created: Opportunities created meanwhile, shape (spells,).
        years: How long it lasted, above 0, shape (spells,).
    """

    created: FloatArray
    years: FloatArray

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> Spells:
        """Encode a frame of spells.

        Args:
            frame: One row per account, rep and half year with :data:`SPELL_COLUMNS`.

        Raises:
            DataError: A column is missing, or a spell lacks its length, count or age.
        """
        _check(frame, "spells", SPELL_COLUMNS, ("created_count", "years", "age_days"))
        features = {column: _encode(frame[column]) for column in SPELL_FEATURES}
        return cls(
            features=features,
            terms={term.name: _combine(term, features) for term in CREATION_TERMS},
            created=frame["created_count"].to_numpy(dtype=float),
            years=frame["years"].to_numpy(dtype=float),
            age_days=frame["age_days"].to_numpy(dtype=float),
        )


def _check(frame: pd.DataFrame, what: str, columns: Sequence[str], needed: Sequence[str]) -> None:
    missing = [column for column in columns if column not in frame]
    if missing:
        raise DataError(f"{what} lack columns", missing, f"Add them to the {what}.")
    for column in needed:
        gaps = frame.index[frame[column].isna()]
        if len(gaps):
            raise DataError(f"{what} without {column}", gaps, "Leave them out or fill them.")


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
