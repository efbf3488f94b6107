"""One rep more in each group, of whom nothing is known yet: what hiring advice is about."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from optimization.values.model import NOBODY_KNOWN
from optimization.values.tables import ValueTables


@dataclass(frozen=True, eq=False)
class Newcomers:
    """A rep who begins with the plan in each group of reps.

    Attributes:
        coverers: Columns of mart ``coverage_coverers``, newcomer_cost_amount (pay and hiring cost
            of one over the planning horizon) and cost_source (the setting it follows from), one
            row per group, sorted by group_id.
        rep_months: rep_id, month, ramp_rate.
        held_certificates: rep_id, certification.
    """

    coverers: pd.DataFrame
    rep_months: pd.DataFrame
    held_certificates: pd.DataFrame

    def join(self, tables: ValueTables) -> ValueTables:
        """Add the newcomers to the tables that values follow from.

        Each is rated like a rep of whom nothing is known, and as uncertain.
        """
        unknown = tables.pair_win_rates[tables.pair_win_rates["rep_id"] == NOBODY_KNOWN]
        rated = [unknown.assign(rep_id=name) for name in self.coverers["rep_id"]]
        added = {
            "coverage_coverers": self.coverers[
                [c for c in tables.coverage_coverers if c in self.coverers]
            ],
            "rep_months": self.rep_months,
            "held_certificates": self.held_certificates,
            "pair_win_rates": pd.concat(rated) if rated else unknown.iloc[:0],
        }
        return replace(
            tables,
            **{
                name: pd.concat([getattr(tables, name), more], ignore_index=True)
                for name, more in added.items()
                if len(more)
            },
        )
