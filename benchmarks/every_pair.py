"""What a bound over every eligible pair costs beside one over the listed pairs, by size.

    python -m benchmarks.every_pair --reps 1000 --accounts 100000

A company is drawn as the value model reads it: kinds of accounts, reps of measured strengths,
owners, hours. Each way is planned in a process of its own. The last line says whether the bound
over all pairs costs at most MOST times the other.
"""

from __future__ import annotations

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pandas as pd

from optimization.arrays import FloatArray

MOST = 1.5
KINDS = 60
HOUSE = "__house__"
EVERY, LISTED = "every pair", "listed pairs"


def draw_tables(reps: int, accounts: int, seed: int) -> dict[str, pd.DataFrame]:
    """Draw the tables of a company by the names of ``ValueTables``."""
    rng = np.random.default_rng(seed)
    account = np.array([f"A{i:06d}" for i in range(accounts)], dtype=object)
    rep = np.array([f"R{i:04d}" for i in range(reps)], dtype=object)
    kind = rng.integers(0, KINDS, accounts)
    owner = rep[rng.integers(0, reps, accounts)]
    amount = rng.lognormal(9.5, 1.0, accounts)
    hours = np.round(rng.uniform(6, 30, accounts), 1)
    months = pd.date_range("2026-07-01", periods=12, freq="MS")
    kinds = [f"kind {k:02d}" for k in range(KINDS)]
    usual = rng.uniform(0.2, 0.5, KINDS)
    names = np.concatenate([["(segment)"], rep])
    strength = np.concatenate([[0.0], rng.normal(0, 0.25, reps)])
    on_kind = rng.normal(0, 0.2, (KINDS, reps + 1))
    on_kind[:, 0] = 0.0
    rate = _win_rate(usual, strength, on_kind).ravel()
    size = len(rate)
    even = [(t, "(company)", m, 1 / 12) for t in ("new", "existing") for m in range(1, 13)]

    def empty(*columns: str) -> pd.DataFrame:
        return pd.DataFrame({column: [] for column in columns})

    return {
        "coverage_accounts": pd.DataFrame(
            {
                "account_id": account,
                "industry": "any",
                "size_band": "any",
                "hours_per_year": hours,
                "present_rep_id": owner,
                "previous_owner_rep_id": owner,
                "owner_group_id": None,
                "vacancy_reason": None,
                "owner_source": "crm",
                "lock_action": None,
                "lock_rep_id": None,
                "lock_reason": None,
                "lock_source": None,
                "family_id": None,
                "recent_move_count": 0,
                "recent_move_group_ids": None,
                "recent_move_rep_ids": None,
                "is_stale": False,
                "segment_win_rate": usual[kind],
                "margin_rate": 0.4,
                "new_amount": 0.4 * amount,
                "existing_amount": 0.6 * amount,
            }
        ),
        "coverage_coverers": pd.DataFrame(
            {
                "rep_id": [*rep, HOUSE],
                "coverer_type": ["rep"] * reps + ["house"],
                "group_id": [f"G{i // 20:03d}" for i in range(reps)] + ["house"],
                "role": "ae",
                "capacity_hours": [
                    *(hours.sum() / reps * rng.uniform(0.9, 1.15, reps)),
                    np.nan,
                ],
                "max_accounts": [*np.full(reps, 1.3 * accounts / reps), np.nan],
            }
        ),
        "pair_accounts": pd.DataFrame(
            {
                "account_id": account,
                "profile_id": np.array(kinds, dtype=object)[kind],
                "year_starts_in": np.nan,
                "has_direct_deal": False,
                "win_effect": rng.normal(0, 0.3, accounts),
                "margin_difference": 0.0,
                "account_cv2": 0.2,
            }
        ),
        "pair_win_rates": pd.DataFrame(
            {
                "profile_id": np.repeat(kinds, reps + 1),
                "rep_id": np.tile(names, KINDS),
                "win_rate": rate,
                "new_won_value_rate": rate,
                "existing_won_value_rate": rate,
                "margin_rate": 0.4,
                "advantage_sd": 0.2,
                "creation_factor": 1.0,
                "creation_sd": 0.0,
                "value_factor": 1.0,
                "is_counted": np.ones(size, dtype=np.bool_),
            }
        ),
        "rep_similarities": empty("rep_id", "other_rep_id", "similarity"),
        "forbidden_pairs": empty("account_id", "rep_id", "reason"),
        "asked_certificates": empty("account_id", "certification", "is_hard", "loss_rate"),
        "held_certificates": empty("rep_id", "certification"),
        "strength_notes": empty("rep_id", "profile_id", "is_strength", "note"),
        "value_months": pd.DataFrame(
            {"month": months, "month_number": range(1, 13), "is_in_horizon": True}
        ),
        "rep_months": empty("rep_id", "month", "ramp_rate"),
        "seasonality": pd.DataFrame(
            even, columns=["revenue_type", "season_key", "month_number", "share"]
        ),
        "customer_seasons": empty("revenue_type", "customer_month", "factor"),
        "sales_cycles": pd.DataFrame({"season_key": ["(company)"], "cycle_months": [3.0]}),
        "new_business_lags": empty("season_key", "month", "created_later_rate"),
        "account_pipeline": empty(
            "account_id", "month", "pipeline_amount", "win_count", "pipeline_square"
        ),
    }


def _win_rate(usual: FloatArray, strength: FloatArray, on_kind: FloatArray) -> FloatArray:
    """Win rate by kind and rep, shape (KINDS, 1 + R)."""
    odds = np.log(usual / (1 - usual))[:, None] + strength[None, :] + on_kind
    return np.asarray(1 / (1 + np.exp(-odds)))


def measure(way: str, reps: int, accounts: int, seed: int) -> dict[str, object]:
    """Plan the company and say what it took."""
    from optimization.plan_coverage import solve_coverage
    from optimization.policy import CoveragePolicy, ValuePolicy
    from optimization.values.candidates import first_candidates
    from optimization.values.model import ValueModel
    from optimization.values.pairs import PairValues
    from optimization.values.tables import ValueTables

    tables = ValueTables(**draw_tables(reps, accounts, seed))
    begun = time.process_time()
    values = PairValues(ValueModel.read(tables, ValuePolicy()))
    candidates = first_candidates(values)
    listed = time.process_time() - begun
    policy = CoveragePolicy(
        move_budget_rate=0.15, solve_seconds=900.0, balance_band_rate=0.1, balance_price_rate=0.05
    )
    plan = solve_coverage(
        tables.coverage_accounts,
        candidates,
        tables.coverage_coverers,
        policy,
        None,
        values if way == EVERY else None,
    )
    said = plan.certificate.iloc[0]
    return {
        "way": way,
        "candidate_cpu_seconds": round(listed, 1),
        "cpu_seconds": round(time.process_time() - begun, 1),
        "candidate_count": int(said["candidate_count"]),
        "eligible_count": int(said["eligible_count"]),
        "objective": float(said["objective_amount"]),
        "bound": float(said["bound_amount"]),
        "gap": float(said["gap_rate"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--reps", type=int, default=1000)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1, help="of the drawn company")
    options = parser.parse_args()
    size = {"reps": options.reps, "accounts": options.accounts}
    found = {}
    for way in (LISTED, EVERY):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            found[way] = pool.submit(
                measure, way, options.reps, options.accounts, options.seed
            ).result()
        print(json.dumps(size | found[way]), flush=True)
    ratio = float(str(found[EVERY]["cpu_seconds"])) / float(str(found[LISTED]["cpu_seconds"]))
    print(
        json.dumps(
            size
            | {
                "cost_ratio": round(ratio, 2),
                "bound_of_listed_pairs": found[LISTED]["bound"],
                "bound_of_every_pair": found[EVERY]["bound"],
                "pass": ratio <= MOST,
            }
        )
    )


if __name__ == "__main__":
    main()
