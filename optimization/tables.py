"""What the estimate and the two planners return: tables as frames."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, eq=False)
class CoveragePlan:
    """The published tables of a plan, without plan_id; each sorted by its key.

    Attributes:
        pairs: One row per pair that was weighed (``coverage_pairs``).
        assignments: One row per account (``coverage_assignments``).
        explanations: One row per account (``assignment_explanations``).
        changes: One row per account whose coverer of record changes (``plan_changes``).
        certificate: One row (``plan_certificates``).
        gains: One row per baseline (``plan_gains``).
        bridge: One row per step (``gain_bridge``).
        shadow_prices: One row per limit (``shadow_prices``).
        hiring_advice: One row per group of reps (``hiring_advice``).
        hiring_changes: One row per group and account that its newcomer's plan changes
            (``hiring_changes``).
        lock_costs: One row per lock and forbidden pair (``lock_costs``).
        rep_loads: One row per coverer (``rep_loads``).
    """

    pairs: pd.DataFrame
    assignments: pd.DataFrame
    explanations: pd.DataFrame
    changes: pd.DataFrame
    certificate: pd.DataFrame
    gains: pd.DataFrame
    bridge: pd.DataFrame
    shadow_prices: pd.DataFrame
    hiring_advice: pd.DataFrame
    hiring_changes: pd.DataFrame
    lock_costs: pd.DataFrame
    rep_loads: pd.DataFrame


@dataclass(frozen=True)
class QuotaPlan:
    """A verified quota plan; months are first days, amounts whole cents as doubles.

    Attributes:
        company_targets: What becomes of the goal, one row per revenue type.
        group_targets: group_id, month, revenue_type, target_amount, quota_amount.
        quota_allocations: rep_id, group_id, month, revenue_type, quota_amount, figure_period.
        rep_quotas: Where each rep's quota comes from, one row per rep.
        expected_bookings: What each rep's accounts are expected to bring, by month and type.
        pair_month_values: The same by account; rep_id says who covers it.
        quota_transfers: Quotas in force that followed an account.
        quota_rollups: What managers and overlay roles carry, one row per person.
        attainment_outlook: Chances by level, entity and buffer.
        buffer_advice: What buffers add up to and can do, by group and for the company.
        budget_check: Cost against budget by group.
        budget_cuts: Possible cuts of groups over budget.
    """

    company_targets: pd.DataFrame
    group_targets: pd.DataFrame
    quota_allocations: pd.DataFrame
    rep_quotas: pd.DataFrame
    expected_bookings: pd.DataFrame
    pair_month_values: pd.DataFrame
    quota_transfers: pd.DataFrame
    quota_rollups: pd.DataFrame
    attainment_outlook: pd.DataFrame
    buffer_advice: pd.DataFrame
    budget_check: pd.DataFrame
    budget_cuts: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Strengths:
    """What the deals say of reps, as tables.

    Attributes:
        effects: The fitted models, one row per model, term, rep and level.
        profile_win_rates: What each rep wins, one row per kind of account and rep.
        rep_strengths: One row per rep, dimension and level.
        strength_guard: Whether strengths hold here, one row.
        strength_transport: Whether they come along to other accounts, one row per model and
            dimension.
        strength_half_lives: One row per half-life tried.
        strength_backtest: One row per model.
        strength_calibration: One row per tenth of predicted probability.
        strength_surprises: One row per rep, dimension and level.
    """

    effects: pd.DataFrame
    profile_win_rates: pd.DataFrame
    rep_strengths: pd.DataFrame
    strength_guard: pd.DataFrame
    strength_transport: pd.DataFrame
    strength_half_lives: pd.DataFrame
    strength_backtest: pd.DataFrame
    strength_calibration: pd.DataFrame
    strength_surprises: pd.DataFrame
