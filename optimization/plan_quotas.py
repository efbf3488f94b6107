"""The quota plan: from frames to verified frames in one call."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimization.arrays import FloatArray, IntArray
from optimization.errors import InfeasibleError, Shortfall, VerificationError
from optimization.policy import QuotaPolicy
from optimization.quotas.bands import require_room
from optimization.quotas.bookings import simulate_bookings
from optimization.quotas.budget import CHECK_COLUMNS, RepMoney, budget_check, group_costs
from optimization.quotas.cents import apportion
from optimization.quotas.chances import Calibration
from optimization.quotas.context import NOTHING_KNOWN, QuotaContext, book_bands, uncertainty
from optimization.quotas.cuts import CUT_COLUMNS, cheapest_cuts
from optimization.quotas.expected import ExpectedBusiness, expected_business
from optimization.quotas.figures import figure_periods
from optimization.quotas.first_year import within_first_year
from optimization.quotas.inputs import QuotaInputs
from optimization.quotas.model import FairShares, fair_quotas, solve_quotas
from optimization.quotas.outlook import attainment_outlook
from optimization.quotas.rollups import quota_rollups
from optimization.quotas.simulate import Shocks
from optimization.quotas.tables import (
    company_targets,
    expected_frame,
    group_frame,
    pair_month_frame,
    rep_frame,
    rep_quotas,
)
from optimization.quotas.targets import (
    group_quota_cents,
    group_target_cents,
    over_assignment_rates,
    split_weights,
)
from optimization.quotas.transfers import (
    TRANSFER_COLUMNS,
    CarriedQuotas,
    carry_quotas,
    read_in_force,
)
from optimization.tables import QuotaPlan
from optimization.threads import on_one_thread
from optimization.values.seasons import REVENUE_TYPES
from optimization.verify.quotas import verify_quotas


@on_one_thread
def allocate_quotas(
    book: pd.DataFrame,
    seasonality: pd.DataFrame,
    sales_cycles: pd.DataFrame,
    rep_months: pd.DataFrame,
    goals: pd.DataFrame,
    groups: pd.DataFrame,
    coverers: pd.DataFrame,
    months: Iterable[object],
    policy: QuotaPolicy,
    context: QuotaContext = NOTHING_KNOWN,
) -> QuotaPlan:
    """Split the company's goals into group targets and rep quotas by month.

    The frames are described at ``QuotaInputs.from_frames``; goals may also hold goal_amount
    (the year's goal), buffer_amount and won_amount, which only ``company_targets`` repeats.

    Returns:
        The plan, sorted by its keys. Every sum holds to the cent: targets to the goal per
        revenue type, rep quotas to (1 + buffer) x target per group, month and revenue type.

    Raises:
        DataError: An input record breaks a rule.
        InfeasibleError: Limits contradict each other; each is named with amount and repair.
        SolveLimitError: The solver found no optimum.
        VerificationError: The finished plan breaks one of its own rules.
    """
    inputs = QuotaInputs.from_frames(
        book, seasonality, sales_cycles, rep_months, goals, groups, coverers, months,
        context.goal_parts, context.open_business,
    )  # fmt: skip
    rates = over_assignment_rates(inputs, policy)
    shocks = uncertainty(context, policy)
    expected = expected_business(inputs, policy)
    past = book_bands(inputs, book, context, policy)
    year, sd = _year_and_spread(expected, shocks)
    is_carried = context.in_force is not None and len(context.in_force) > 0
    if is_carried:
        carried = _carried(inputs, expected, book, context, rates)
        fair_year = carried.quotas.sum(axis=(1, 2)).astype(np.float64)
    else:
        weights = split_weights(expected)
        targets = group_target_cents(inputs, weights)
        quota = fair_quotas(weights, group_quota_cents(targets, rates), inputs.rep_group)
        fair_year = quota.sum(axis=(1, 2))
        quota, targets = within_first_year(
            quota, targets, rates, inputs.rep_group, past.bands.first_year, past.bands.upper, policy
        )
        fair = FairShares(quota, year, sd, inputs.rep_group, past.bands)
        carried = _divided(inputs, fair, targets, rates, policy)
    targets, quotas = carried.targets, carried.quotas
    calibration = Calibration.from_summary(context.backtest)
    bookings = simulate_bookings(inputs, expected, shocks, calibration, policy)
    outlook, advice = attainment_outlook(
        inputs, expected, bookings, rates, targets, quotas, shocks, calibration, policy
    )
    check, cuts = _money(inputs, context, bookings.rep, targets, quotas)
    people = None if context.money is None else context.money.people
    values = pair_month_frame(inputs, expected, shocks.value_cv)
    periods = figure_periods(values, inputs.rep_ids, len(inputs.months), policy.month_figure_cv)
    plan = QuotaPlan(
        company_targets=company_targets(goals, targets, quotas),
        group_targets=group_frame(inputs, targets, carried.group_quotas),
        quota_allocations=rep_frame(inputs, quotas, periods),
        rep_quotas=rep_quotas(inputs, quotas, fair_year, year, sd, past, carried.idle, periods),
        expected_bookings=expected_frame(inputs, expected),
        pair_month_values=values,
        quota_transfers=carried.transfers,
        quota_rollups=quota_rollups(inputs, people, context.comp_plans, quotas),
        attainment_outlook=outlook,
        buffer_advice=advice,
        budget_check=check,
        budget_cuts=cuts,
    )
    violations = verify_quotas(
        plan,
        book=book,
        goals=goals,
        groups=groups,
        coverers=coverers,
        rep_months=rep_months,
        months=inputs.months,
        policy=policy,
        context=context,
    )
    if violations:
        raise VerificationError(violations)
    return plan


def _year_and_spread(expected: ExpectedBusiness, shocks: Shocks) -> tuple[FloatArray, FloatArray]:
    """Return each rep's expected business and its standard deviation in cents; shape (R,)."""
    year = expected.amount.sum(axis=(1, 2))
    shock_variance = shocks.company.error_rate**2 + shocks.group.error_rate**2
    variance = expected.own_variance(shocks.value_cv) + shock_variance * year**2
    return 100 * year, 100 * np.sqrt(variance)


def _divided(
    inputs: QuotaInputs,
    fair: FairShares,
    targets: IntArray,
    rates: tuple[float, ...],
    policy: QuotaPolicy,
) -> CarriedQuotas:
    """Divide the goals from scratch."""
    require_room(
        fair.bands, fair.quota.sum(axis=(1, 2)), inputs.rep_group, inputs.group_ids, rates, policy
    )
    group_quotas = group_quota_cents(targets, rates)
    quotas = _whole_cents(solve_quotas(fair, policy), group_quotas, inputs.rep_group)
    none = pd.DataFrame(columns=TRANSFER_COLUMNS).astype({"quota_amount": float})
    nothing = np.zeros(len(quotas), dtype=np.int64)
    return CarriedQuotas(quotas, targets, group_quotas, none, nothing)


def _carried(
    inputs: QuotaInputs,
    expected: ExpectedBusiness,
    book: pd.DataFrame,
    context: QuotaContext,
    rates: tuple[float, ...],
) -> CarriedQuotas:
    """Keep the quotas in force, moved with the accounts."""
    assert context.in_force is not None
    uncovered = book[~book["rep_id"].isin(inputs.rep_ids)]
    in_force = read_in_force(context.in_force, inputs)
    return carry_quotas(inputs, expected, in_force, uncovered, rates)


def _money(
    inputs: QuotaInputs,
    context: QuotaContext,
    bookings: FloatArray,
    targets: IntArray,
    quotas: IntArray,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Check cost against budget; refuse an overspent binding budget."""
    if context.money is None:
        return pd.DataFrame(columns=CHECK_COLUMNS), pd.DataFrame(columns=CUT_COLUMNS)
    money = context.money
    reps = RepMoney(
        rep_ids=inputs.rep_ids,
        roles=inputs.roles,
        rep_group=inputs.rep_group,
        group_ids=inputs.group_ids,
        quotas=quotas.sum(axis=(1, 2)) / 100,
        bookings=bookings,
    )
    costs = group_costs(money, reps)
    cuts = cheapest_cuts(costs, money, context.hours_per_position)
    check = budget_check(costs, cuts)
    over = check[check["over_budget_amount"] > 0]
    if money.is_budget_binding and len(over):
        raise InfeasibleError(
            Shortfall(
                rule="cost must stay within the budget",
                entity=f"group {row['group_id']}",
                amount=float(row["over_budget_amount"]),
                unit="too much",
                repair=str(row["sentence"]),
            )
            for row in over.to_dict("records")
        )
    return check, cuts


def _whole_cents(
    quotas: FloatArray, group_quotas: IntArray, rep_group: NDArray[np.intp]
) -> IntArray:
    """Round quotas so that each group's cell sums to the cent; ties go to the lower rep_id."""
    cents = np.zeros(quotas.shape, dtype=np.int64)
    for group in range(len(group_quotas)):
        members = np.flatnonzero(rep_group == group)
        for month in range(quotas.shape[1]):
            for kind in range(len(REVENUE_TYPES)):
                total = int(group_quotas[group, month, kind])
                cents[members, month, kind] = apportion(total, quotas[members, month, kind])
    return cents
