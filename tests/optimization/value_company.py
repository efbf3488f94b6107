"""Random companies as the warehouse hands them to the value model."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.newcomers import Newcomers
from optimization.policy import PartnerTerms, ValuePolicy
from optimization.values.model import ValueModel
from optimization.values.pairs import PairValues
from optimization.values.tables import ValueTables

HOUSE = "__house__"
POLICY = ValuePolicy(candidates_per_account=2, partners=(PartnerTerms("P1", 0.2, ("smb",)),))


def value_tables(seed: int, accounts: int = 14, reps: int = 5) -> ValueTables:
    """Tables of a company with everything a pair's worth may depend on."""
    rng = np.random.default_rng(seed)
    account = [f"A{i:03d}" for i in range(accounts)]
    rep = [f"R{i}" for i in range(reps)]
    industry = rng.choice(["food", "steel", "rare"], accounts)
    band = rng.choice(["smb", "large"], accounts)
    profile = pd.Series(industry) + " / " + band
    owner = rng.choice([*rep, "P1", None], accounts)
    months = pd.date_range("2026-03-01", periods=14, freq="MS")
    numbers = [(2 + i) % 12 + 1 for i in range(14)]
    shares = {
        (kind, key): rng.dirichlet(np.ones(12))
        for kind in ("new", "existing")
        for key in ("(company)", "food", "steel")
    }
    none = pd.Series(None, index=range(accounts), dtype=object)
    family = none.copy()
    family.iloc[rng.choice(accounts, 3, replace=False)] = "f1"
    lock = none.copy()
    lock.iloc[int(rng.integers(accounts))] = "keep"
    return ValueTables(
        coverage_accounts=pd.DataFrame(
            {
                "account_id": account,
                "industry": industry,
                "size_band": band,
                "hours_per_year": rng.uniform(5, 30, accounts).round(1),
                "present_rep_id": owner,
                "previous_owner_rep_id": owner,
                "owner_group_id": None,
                "vacancy_reason": pd.Series(owner).isna().map({True: "unassigned", False: None}),
                "owner_source": "crm",
                "lock_action": lock,
                "lock_rep_id": lock.map({"keep": "R0"}).astype(object),
                "lock_reason": lock.map({"keep": "named account"}).astype(object),
                "lock_source": lock.map({"keep": "rule"}).astype(object),
                "family_id": family,
                "recent_move_count": 0,
                "recent_move_group_ids": None,
                "recent_move_rep_ids": None,
                "is_stale": rng.random(accounts) < 0.2,
                "segment_win_rate": rng.uniform(0.1, 0.6, accounts),
                "margin_rate": rng.uniform(-0.05, 0.8, accounts),
                "new_amount": rng.lognormal(9, 1, accounts),
                "existing_amount": rng.lognormal(9, 1, accounts) * (rng.random(accounts) < 0.7),
            }
        ),
        coverage_coverers=pd.DataFrame(
            {
                "rep_id": [*rep, "P1", HOUSE],
                "coverer_type": [*["rep"] * reps, "partner", "house"],
                "group_id": [*(["north", "south"] * reps)[:reps], "partner", "house"],
                "role": "ae",
                "capacity_hours": [*rng.uniform(30, 90, reps), 40.0, np.nan],
                "max_accounts": [*[6.0] * reps, np.nan, np.nan],
            }
        ),
        pair_accounts=pd.DataFrame(
            {
                "account_id": account,
                "profile_id": profile,
                "year_starts_in": rng.choice([np.nan, 1.0, 4.0, 7.0], accounts),
                "has_direct_deal": rng.random(accounts) < 0.3,
                "win_effect": rng.normal(0, 0.5, accounts),
                "margin_difference": rng.normal(0, 0.05, accounts),
                "account_cv2": rng.uniform(0, 1, accounts),
            }
        ),
        pair_win_rates=pd.DataFrame(
            [
                (
                    kind,
                    name,
                    rng.uniform(0.1, 0.7),
                    rng.uniform(0.1, 0.7),
                    rng.uniform(0.1, 0.7),
                    rng.uniform(0.1, 0.8),
                    rng.uniform(0, 0.4),
                    rng.uniform(0.7, 1.3),
                    rng.uniform(0, 0.2),
                    rng.uniform(0.9, 1.1),
                    seed % 5 > 0,
                )
                for kind in sorted(set(profile))
                if not kind.startswith("rare")
                for name in ["(segment)", *rep[:-1]]
            ],
            columns=[
                "profile_id",
                "rep_id",
                "win_rate",
                "new_won_value_rate",
                "existing_won_value_rate",
                "margin_rate",
                "advantage_sd",
                "creation_factor",
                "creation_sd",
                "value_factor",
                "is_counted",
            ],
        ),
        rep_similarities=pd.DataFrame(
            [(a, b, rng.uniform()) for a in rep for b in rep if rng.random() < 0.7],
            columns=["rep_id", "other_rep_id", "similarity"],
        ),
        forbidden_pairs=pd.DataFrame(
            [(account[1], "R1", "override: asked for")], columns=["account_id", "rep_id", "reason"]
        ),
        asked_certificates=pd.DataFrame(
            [
                (account[2], "safety", True, 0.3),
                (account[2], "software", False, 0.4),
                (account[3], "software", False, 0.9),
                (account[3], "other", False, 0.5),
            ],
            columns=["account_id", "certification", "is_hard", "loss_rate"],
        ),
        held_certificates=pd.DataFrame(
            [("R0", "safety"), ("R2", "safety"), ("R2", "software"), ("R3", "other")],
            columns=["rep_id", "certification"],
        ),
        strength_notes=pd.DataFrame(
            [("R0", sorted(set(profile))[0], True, "overall (9 of 10 deals won)")],
            columns=["rep_id", "profile_id", "is_strength", "note"],
        ),
        value_months=pd.DataFrame(
            {
                "month": months,
                "month_number": numbers,
                "is_in_horizon": [i < 12 for i in range(14)],
            }
        ),
        rep_months=pd.DataFrame(
            [
                (name, month, ramp)
                for name, ramps in {
                    "R1": rng.uniform(0, 1, 14),
                    "R2": [0.0] * 3 + [0.5] * 11,
                    "R3": [1.0] * 2 + [0.0] * 12,
                }.items()
                for month, ramp in zip(months, ramps, strict=True)
            ],
            columns=["rep_id", "month", "ramp_rate"],
        ),
        seasonality=pd.DataFrame(
            [
                (kind, key, number, share)
                for (kind, key), profile_ in shares.items()
                for number, share in enumerate(profile_, 1)
            ],
            columns=["revenue_type", "season_key", "month_number", "share"],
        ),
        customer_seasons=pd.DataFrame(
            [
                ("existing", month, factor)
                for month, factor in enumerate(rng.uniform(0.5, 1.5, 12), 1)
            ],
            columns=["revenue_type", "customer_month", "factor"],
        ),
        sales_cycles=pd.DataFrame(
            [("(company)", 2.7), ("food", float(rng.uniform(0, 16))), ("steel", 0.2)],
            columns=["season_key", "cycle_months"],
        ),
        new_business_lags=pd.DataFrame(
            [
                (key, month, min(1.0, (place + 1) / spread))
                for key, spread in (("(company)", 5), ("food", 8))
                for place, month in enumerate(months)
            ],
            columns=["season_key", "month", "created_later_rate"],
        ),
        account_pipeline=pd.DataFrame(
            [
                (name, months[int(rng.integers(14))], float(rng.lognormal(8, 1)), 0.5, 1.0)
                for name in account
                if rng.random() < 0.5
            ],
            columns=[
                "account_id",
                "month",
                "pipeline_amount",
                "win_count",
                "pipeline_square",
            ],
        ),
    )


def pair_values(
    seed: int, policy: ValuePolicy = POLICY, accounts: int = 14, reps: int = 5
) -> PairValues:
    """The value model of such a company."""
    return PairValues(ValueModel.read(value_tables(seed, accounts, reps), policy))


def newcomers(tables: ValueTables, hours: float = 60.0, cost: float = 5000.0) -> Newcomers:
    """One rep more in each group of such a company, who holds one certificate and ramps."""
    reps = tables.coverage_coverers.query("coverer_type == 'rep'")
    groups = sorted(reps["group_id"].unique())
    names = [f"newcomer {group}" for group in groups]
    months = pd.DatetimeIndex(tables.value_months["month"])
    return Newcomers(
        coverers=pd.DataFrame(
            {
                "rep_id": names,
                "coverer_type": "rep",
                "group_id": groups,
                "role": "ae",
                "capacity_hours": hours,
                "max_accounts": 6.0,
                "newcomer_cost_amount": cost,
                "cost_source": "comp_plans.ote_amount",
            }
        ),
        rep_months=pd.DataFrame(
            [
                (name, month, min(1.0, 0.3 + 0.1 * place))
                for name in names
                for place, month in enumerate(months)
            ],
            columns=["rep_id", "month", "ramp_rate"],
        ),
        held_certificates=pd.DataFrame(
            [(name, "safety") for name in names], columns=["rep_id", "certification"]
        ),
    )
