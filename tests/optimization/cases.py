"""Random companies with every rule at once, how many of them a run draws, and plans to break.

``HYPOTHESIS_PROFILE=thorough`` draws thousands, anew in each run, and prints what reproduces a
failure; without it the same few are drawn every time.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from optimization.coverage.problem.inputs import CoverageInputs
from optimization.coverage.problem.units import CoverageProblem
from optimization.coverage.report.pairs import pair_rows
from optimization.policy import CoveragePolicy
from optimization.verify.coverage import verify_coverage

HOUSE = "__house__"
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"


def examples(quick, thorough):
    """Settings of a test by the profile: how many examples, and whether always the same."""
    return settings(
        max_examples=thorough if THOROUGH else quick,
        derandomize=not THOROUGH,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        # Shrinking an example that takes a second takes hours; seeds do not shrink anyway.
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )


@dataclass(frozen=True)
class Case:
    """Which rules a company has; the company follows from the seed."""

    seed: int
    accounts: int
    reps: int
    tightness: float
    max_accounts: int | None
    rate: float
    group_rate: float | None
    band: float | None
    load: float
    budget: float | None
    overtime: float
    families: int
    locks: int
    forbidden: int
    vacant: int
    recent: int

    def company(self, random_company):
        groups = 2 if self.reps > 2 else 1
        company = random_company(
            self.seed, self.accounts, self.reps, 4, self.tightness, groups, self.max_accounts
        )
        rng = np.random.default_rng(self.seed + 1)
        names = company.accounts["account_id"].to_numpy(dtype=object)

        def some(count):
            return rng.choice(names, min(count, len(names)), replace=False).tolist()

        company = company.vacant(some(self.vacant))
        for family in range(self.families):
            company = company.family(f"F{family}", *some(3))
        for account in some(self.recent):
            company = company.moved_before(account, "group_0")
        pairs = company.candidates[company.candidates["rep_id"] != HOUSE]
        for account in some(self.locks):
            mine = pairs.loc[pairs["account_id"] == account, "rep_id"].to_numpy(dtype=object)
            action = rng.choice(["keep", "remove"])
            company = company.lock(account, str(action), str(rng.choice(mine)))
        for row in pairs.sample(
            min(self.forbidden, len(pairs)), random_state=self.seed
        ).itertuples():
            company = company.forbid(row.account_id, row.rep_id)
        if self.budget is not None:
            company = company.limit("R001", coverer_type="partner")
        return company

    @property
    def policy(self):
        return CoveragePolicy(
            self.rate,
            mip_gap=0.0,
            overtime_amount_per_hour=self.overtime,
            group_move_rates=() if self.group_rate is None else (("group_0", self.group_rate),),
            balance_band_rate=self.band,
            balance_price_rate=0.05,
            min_load_rate=self.load,
            partner_budgets=() if self.budget is None else (("R001", self.budget),),
        )


def cases(accounts=(3, 14), reps=(1, 5)):
    """Strategy of cases with so many accounts and reps."""
    return st.builds(
        Case,
        seed=st.integers(0, 1_000_000),
        accounts=st.integers(*accounts),
        reps=st.integers(*reps),
        tightness=st.floats(0.3, 1.6),
        max_accounts=st.sampled_from([None, 2, 4]),
        rate=st.sampled_from([0.0, 0.1, 0.4, 1.0]),
        group_rate=st.sampled_from([None, 0.2, 1.0]),
        band=st.sampled_from([None, 0.0, 0.3]),
        load=st.sampled_from([0.0, 0.8]),
        budget=st.sampled_from([None, 0.0, 500.0]),
        overtime=st.sampled_from([0.0, 120.0, 1000.0]),
        families=st.integers(0, 2),
        locks=st.integers(0, 2),
        forbidden=st.integers(0, 3),
        vacant=st.integers(0, 2),
        recent=st.integers(0, 2),
    )


def rounding(company):
    """Amount by which two proofs may differ: HiGHS' tolerances and the ties, 1.1e-6 of all."""
    return 5e-6 * float(company.candidates["value_amount"].abs().sum()) + 1e-6


def pairs_of(company, policy):
    """The optimiser's own form of a company."""
    return CoverageProblem.state(CoverageInputs.from_frames(*company.frames), policy).pairs


def with_pairs(plan, company, **reps):
    """Break: hand accounts to other coverers, everything else of the rows made to fit."""
    assigned, explained = plan.assignments.copy(), plan.explanations.copy()
    for account, rep in reps.items():
        at = assigned["account_id"] == account
        pair = company.candidates.query("account_id == @account and rep_id == @rep").iloc[0]
        present = company.accounts.loc[at.to_numpy(), "present_rep_id"].iloc[0]
        for column in ("rep_id", "hours", "value_amount", "new_amount", "existing_amount"):
            assigned.loc[at, column] = pair[column]
        assigned.loc[at, "is_moved"] = pd.notna(present) and present != rep
        explained.loc[at, "rep_id"] = rep
    return replace(plan, assignments=assigned, explanations=explained)


def violations(company, policy, plan):
    """What the verifier says of a plan, given the pairs of the company and not the plan's own."""
    problem = CoverageProblem.state(CoverageInputs.from_frames(*company.frames), policy)
    held = replace(plan, pairs=pair_rows(problem))
    return verify_coverage(company.accounts, company.coverers, policy, held)


def changed(value: object, column: str) -> object:
    """Another value of a published cell, as a fault would leave it."""
    if isinstance(value, pd.Timestamp):
        return value + pd.DateOffset(months=1)
    if isinstance(value, (bool, np.bool_)):
        return not value
    if isinstance(value, (int, float, np.integer, np.floating)) and not pd.isna(value):
        return float(value) * 1.3 + 70_000
    text = str(value)
    if column == "sentence":
        digits = [place for place, letter in enumerate(text) if letter.isdigit()]
        if not digits:
            return text + " It costs 12,345."
        first = digits[0]
        return text[:first] + str((int(text[first]) + 1) % 10) + text[first + 1 :]
    return text + " x"
