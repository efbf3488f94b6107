"""The coverage problem in its bare form: pairs to choose from, and constraints between choices.

Every constraint reads ``use of the chosen pairs <= limit + slack``, with ``slack`` between 0 and
``slack_limit`` at ``slack_price`` a unit. A hard constraint has no slack; a soft one has slack
without limit; a rule "at least" has negative uses and a negative limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import scipy.sparse as sp

from optimization.arrays import BoolArray, FloatArray, IntArray

LABEL_COLUMNS = ("rule", "rep_id", "group_id", "unit")


@dataclass(frozen=True, eq=False)
class Constraints:
    """M labelled constraints over N pairs.

    Attributes:
        labels: rule, rep_id, group_id (both missing for a rule of the company) and unit; M rows.
        uses: Units of constraint m that pair j uses, sparse, shape (N, M): pairs first, as the
            search and the prices walk over pairs.
        limit: Units there are, finite, shape (M,).
        slack_limit: Units the limit may be exceeded by, 0 for a hard constraint, ``inf`` for a
            soft one, shape (M,).
        slack_price: Company currency per unit beyond the limit, shape (M,).
    """

    labels: pd.DataFrame
    uses: sp.csr_array
    limit: FloatArray
    slack_limit: FloatArray
    slack_price: FloatArray

    @classmethod
    def join(cls, parts: Sequence[Constraints], pairs: int) -> Constraints:
        """Put the constraints of several rules together; a company may have none."""
        if not parts:
            labels = pd.DataFrame({name: pd.Series(dtype="str") for name in LABEL_COLUMNS})
            none = np.empty(0)
            return cls(labels, sp.csr_array((pairs, 0)), none, none, none)
        return cls(
            labels=pd.concat([part.labels for part in parts], ignore_index=True),
            uses=sp.csr_array(sp.hstack([part.uses for part in parts], format="csr")),
            limit=np.concatenate([part.limit for part in parts]),
            slack_limit=np.concatenate([part.slack_limit for part in parts]),
            slack_price=np.concatenate([part.slack_price for part in parts]),
        )

    @property
    def count(self) -> int:
        """Number of constraints M."""
        return len(self.limit)

    @property
    def rules(self) -> list[str]:
        """Rules in the order of their constraints."""
        return list(dict.fromkeys(self.labels["rule"]))

    @property
    def most_price(self) -> FloatArray:
        """Highest price of each constraint: its own where slack has no limit; shape (M,)."""
        return np.where(np.isinf(self.slack_limit), self.slack_price, np.inf)

    def of(self, rules: Iterable[str]) -> BoolArray:
        """Constraints of these rules, shape (M,)."""
        return np.asarray(self.labels["rule"].isin(list(rules)), dtype=np.bool_)

    def take(self, pairs: IntArray, kept: IntArray) -> Constraints:
        """Return some of the constraints over some of the pairs."""
        return Constraints(
            labels=self.labels.iloc[kept].reset_index(drop=True),
            uses=sp.csr_array(self.uses[pairs][:, kept]),
            limit=self.limit[kept],
            slack_limit=self.slack_limit[kept],
            slack_price=self.slack_price[kept],
        )

    def with_limit(self, limit: FloatArray) -> Constraints:
        """Return the same constraints with other limits, shape (M,)."""
        return replace(self, limit=np.asarray(limit, dtype=np.float64))

    def used(self, chosen: IntArray) -> FloatArray:
        """Units that the chosen pairs use of each constraint, shape (M,)."""
        return np.asarray(self.uses[chosen].sum(axis=0), dtype=np.float64).reshape(-1)

    def slack(self, chosen: IntArray) -> FloatArray:
        """Units beyond the limit, shape (M,)."""
        return np.maximum(self.used(chosen) - self.limit, 0.0)

    def paid(self, price: FloatArray, rule: str | None = None) -> FloatArray:
        """What each pair pays at these prices per unit, for one rule or all; shape (N,)."""
        counted = price if rule is None else np.where(self.of([rule]), price, 0.0)
        return np.asarray(self.uses @ counted, dtype=np.float64)

    def in_box(self, price: FloatArray) -> FloatArray:
        """Prices moved into their box: not negative, and at most ``most_price``."""
        return np.clip(price, 0.0, self.most_price)


@dataclass(frozen=True, eq=False)
class PairProblem:
    """Choose exactly one pair per account so that every constraint holds, for the largest worth.

    Attributes:
        first: Pairs of account a are ``first[a]:first[a + 1]``, each account has at least one,
            shape (A + 1,).
        value: Company currency over the horizon, shape (N,).
        tie: Small bonus that settles equal plans, never negative, shape (N,).
        constraints: What holds between the accounts.
        candidate: Row of each pair in the table it came from, shape (N,).
        coverer: Coverer of each pair, from 0, shape (N,): whom a search looks at together.
    """

    first: IntArray
    value: FloatArray
    tie: FloatArray
    constraints: Constraints
    candidate: IntArray
    coverer: IntArray

    @property
    def account_count(self) -> int:
        """Number of accounts A."""
        return len(self.first) - 1

    @property
    def account_of(self) -> IntArray:
        """Account of each pair, shape (N,)."""
        return np.repeat(np.arange(self.account_count, dtype=np.int64), np.diff(self.first))

    def only_pairs(self, kept: BoolArray) -> PairProblem:
        """Return the problem over some pairs, at least one per account; shape (N,)."""
        counts = np.add.reduceat(kept.astype(np.int64), self.first[:-1])
        at = np.flatnonzero(kept)
        return PairProblem(
            first=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            value=self.value[at],
            tie=self.tie[at],
            constraints=replace(self.constraints, uses=self.constraints.uses[at]),
            candidate=self.candidate[at],
            coverer=self.coverer[at],
        )

    def part(self, pairs: IntArray, kept: IntArray) -> PairProblem:
        """Return the problem of the accounts of some sorted pairs, with some constraints.

        ``candidate`` of the part is the pair's place in this problem.
        """
        account = self.account_of[pairs]
        accounts = np.unique(account)
        first = np.searchsorted(account, np.append(accounts, self.account_count))
        return PairProblem(
            first=first.astype(np.int64),
            value=self.value[pairs],
            tie=self.tie[pairs],
            constraints=self.constraints.take(pairs, kept),
            candidate=pairs,
            coverer=self.coverer[pairs],
        )

    def with_limit(self, limit: FloatArray) -> PairProblem:
        """Return the same problem with other limits of its constraints, shape (M,)."""
        return replace(self, constraints=self.constraints.with_limit(limit))

    def worth(self, chosen: IntArray) -> float:
        """Value of the chosen pairs less what their slack costs."""
        over = self.constraints.slack_price @ self.constraints.slack(chosen)
        return float(self.value[chosen].sum() - over)

    def broken(self, chosen: IntArray, tolerance: float = 1e-6) -> BoolArray:
        """Constraints that the chosen pairs break, shape (M,)."""
        most = self.constraints.limit + self.constraints.slack_limit
        most += tolerance * np.maximum(1.0, np.abs(self.constraints.limit))
        return np.asarray(self.constraints.used(chosen) > most, dtype=np.bool_)

    def bound(self, price: FloatArray) -> float:
        """Bound on the worth of any plan that prices y per unit prove (Lagrangian dual).

            D(y) = sum over accounts of max over its pairs of (value - uses . y)
                   + sum over constraints of y x limit + max(y - slack price, 0) x slack limit

        It holds for any y in its box (``Constraints.in_box``; other prices are moved there), so
        nobody has to trust a solver for it. Source: Fisher (1981), The Lagrangian relaxation
        method for solving integer programming problems, Management Science 27(1).
        """
        constraints = self.constraints
        y = constraints.in_box(price)
        best = np.maximum.reduceat(self.value - constraints.paid(y), self.first[:-1])
        over = np.maximum(y - constraints.slack_price, 0.0)
        extra = np.where(over > 0, over * np.nan_to_num(constraints.slack_limit, posinf=0.0), 0.0)
        return float(best.sum() + y @ constraints.limit + extra.sum())


def mean_account(value: FloatArray, first: IntArray) -> float:
    """Mean size of an account's best value: the unit in which a gap is small."""
    mean = float(np.abs(np.maximum.reduceat(value, first[:-1])).mean())
    return mean if mean > 0 else 1.0


def constraints_by_entity(
    rule: str,
    unit: str,
    *,
    entity_of: IntArray,
    use: FloatArray,
    limit: FloatArray,
    labels: pd.DataFrame,
    slack_limit: FloatArray | float = 0.0,
    slack_price: FloatArray | float = 0.0,
) -> Constraints:
    """Build one constraint per entity that has a finite limit: a coverer, a group, or the company.

    Args:
        rule: Name of the rule, the same in every table.
        unit: What is counted.
        entity_of: Entity of each pair, -1 where the rule does not count the pair, shape (N,).
        use: Units the pair uses, shape (N,); negative for a rule "at least".
        limit: By entity, ``inf`` for none, shape (E,); negative for a rule "at least".
        labels: rep_id and group_id by entity, E rows.
        slack_limit: By entity, shape (E,) or one number.
        slack_price: By entity, shape (E,) or one number.
    """
    entities = len(limit)
    kept = np.flatnonzero(np.isfinite(limit))
    column = np.full(entities + 1, -1, dtype=np.int64)  # the last place serves entity -1
    column[kept] = np.arange(len(kept))
    at = column[entity_of]
    counted = np.flatnonzero((at >= 0) & (use != 0))
    shape = (len(entity_of), len(kept))
    uses = sp.csr_array((use[counted], (counted, at[counted])), shape=shape)
    named = labels[["rep_id", "group_id"]].iloc[kept].reset_index(drop=True)
    return Constraints(
        labels=named.assign(rule=rule, unit=unit)[list(LABEL_COLUMNS)],
        uses=uses,
        limit=np.asarray(limit, dtype=np.float64)[kept],
        slack_limit=np.broadcast_to(np.asarray(slack_limit, dtype=np.float64), entities)[kept],
        slack_price=np.broadcast_to(np.asarray(slack_price, dtype=np.float64), entities)[kept],
    )
