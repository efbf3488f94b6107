"""From the company's goal to each group's month, and to the sum its reps must carry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optimization.arrays import FloatArray, IntArray
from optimization.errors import DataError
from optimization.policy import QuotaPolicy
from optimization.quotas.cents import apportion, apportion_table, with_buffer
from optimization.quotas.expected import ExpectedBusiness
from optimization.quotas.goals import GoalPart
from optimization.quotas.inputs import QuotaInputs
from optimization.values.seasons import REVENUE_TYPES

Totals = dict[int, int]


def over_assignment_rates(inputs: QuotaInputs, policy: QuotaPolicy) -> tuple[float, ...]:
    """Return each group's buffer: its own, or the policy's default where it states none.

    Raises:
        DataError: A stated buffer lies outside [0, max_over_assignment_rate].
    """
    stated = inputs.stated_rates
    outside = (stated < 0) | (stated > policy.max_over_assignment_rate)
    if outside.any():
        raise DataError(
            f"over_assignment_rate must lie in [0, {policy.max_over_assignment_rate:g}]",
            [inputs.group_ids[group] for group in np.flatnonzero(outside)],
            "Lower the group's buffer or raise the policy's guard.",
        )
    filled = np.where(np.isnan(stated), policy.default_over_assignment_rate, stated)
    return tuple(float(rate) for rate in filled)


def split_weights(expected: ExpectedBusiness) -> FloatArray:
    """Return what goals are split in proportion to; shape (R, M, 2).

    That is expected business. Where the company expects none of a revenue type, the other
    type's stands in; where it expects none at all, every rep with a book counts the same.
    """
    own = expected.amount
    other = own[:, :, ::-1]
    even = np.broadcast_to(expected.has_book[:, None, None].astype(np.float64), own.shape)
    type_is_expected = own.any(axis=(0, 1))
    fallback = other if type_is_expected.any() else even
    return np.where(type_is_expected, own, fallback)


def group_target_cents(inputs: QuotaInputs, weights: FloatArray) -> IntArray:
    """Split the company's goal per revenue type over groups and months, exact to the cent.

    Parts of a goal given for a group, a month or a group's month hold to the cent; the rest
    follows the weights.

    Args:
        inputs: Goals, their parts and groups.
        weights: From ``split_weights``, shape (R, M, 2).

    Returns:
        Targets in cents, shape (G, M, 2); they sum to the goal per revenue type.

    Raises:
        DataError: Parts contradict the goal or each other, or ask for business where none is
            expected; the message names the amounts.
    """
    by_group = np.zeros((len(inputs.group_ids), *weights.shape[1:]))
    np.add.at(by_group, inputs.rep_group, weights)
    targets = np.zeros(by_group.shape, dtype=np.int64)
    for kind, goal in enumerate(inputs.goal_cents):
        parts = [part for part in inputs.goal_parts if part.kind == kind]
        targets[:, :, kind] = _split(inputs, REVENUE_TYPES[kind], goal, parts, by_group[:, :, kind])
    return targets


def _split(
    inputs: QuotaInputs,
    kind: str,
    goal: int,
    parts: Sequence[GoalPart],
    weights: FloatArray,
) -> IntArray:
    """Split one goal over groups (rows) and months (columns), given parts first."""
    if not parts:
        return apportion(goal, weights.ravel()).reshape(weights.shape)
    months = [str(month.date()) for month in inputs.months]
    fixed = np.zeros(weights.shape, dtype=np.int64)
    free = weights.copy()
    for part in parts:
        if part.group is not None and part.month is not None:
            fixed[part.group, part.month] = part.cents
            free[part.group, part.month] = 0
            if part.cents and not weights[part.group, part.month]:
                raise _empty(kind, f"{inputs.group_ids[part.group]} / {months[part.month]}")
    rows = {p.group: p.cents for p in parts if p.group is not None and p.month is None}
    columns = {p.month: p.cents for p in parts if p.month is not None and p.group is None}
    row_rest = _rest(kind, goal, rows, fixed.sum(axis=1), free.sum(axis=1), inputs.group_ids)
    column_rest = _rest(kind, goal, columns, fixed.sum(axis=0), free.sum(axis=0), months)
    rest = np.zeros_like(fixed)
    if row_rest is not None and column_rest is not None:
        found = apportion_table(row_rest, column_rest, free)
        if found is None:
            raise DataError(
                f"the group and month goals of {kind} contradict each other",
                [kind],
                "No split over groups and months meets them all; give fewer of them.",
            )
        rest = found
    elif row_rest is not None:
        for group, cents in enumerate(row_rest):
            rest[group] = apportion(cents, free[group])
    elif column_rest is not None:
        for month, cents in enumerate(column_rest):
            rest[:, month] = apportion(cents, free[:, month])
    else:
        left = goal - int(fixed.sum())
        if left < 0 or (left > 0 and not free.any()):
            raise _unequal(kind, goal, int(fixed.sum()))
        rest = apportion(left, free.ravel()).reshape(free.shape)
    return fixed + rest


def _rest(
    kind: str,
    goal: int,
    given: Totals,
    fixed: IntArray,
    free: FloatArray,
    names: Sequence[str],
) -> list[int] | None:
    """Return what each group (or month) has left for its free cells; None where none is given."""
    if not given:
        return None
    over = [place for place, cents in given.items() if cents < fixed[place]]
    if over:
        raise DataError(
            f"the months of a {kind} goal sum to more than the goal itself",
            [f"{names[p]}: {fixed[p] / 100:,.2f} of {given[p] / 100:,.2f}" for p in over],
            "Raise the goal or lower its parts.",
        )
    rest = [given.get(place, 0) - int(fixed[place]) for place in range(len(names))]
    hollow = [names[place] for place in given if rest[place] and not free[place]]
    if hollow:
        raise _empty(kind, *hollow)
    others = np.array([0.0 if place in given else free[place] for place in range(len(names))])
    ungiven = sum(int(fixed[place]) for place in range(len(names)) if place not in given)
    left = goal - sum(given.values()) - ungiven
    if left < 0 or (left > 0 and not others.any()):
        raise _unequal(kind, goal, sum(given.values()) + ungiven)
    for place, cents in enumerate(apportion(left, others)):
        if place not in given:
            rest[place] = int(cents)
    return rest


def _unequal(kind: str, goal: int, given: int) -> DataError:
    word = "much" if given > goal else "little"
    return DataError(
        f"the parts given of the {kind} goal sum to {given / 100:,.2f}, the goal is "
        f"{goal / 100:,.2f}: {abs(goal - given) / 100:,.2f} too {word}",
        [kind],
        "Mend the parts, or the goal of the whole company.",
    )


def _empty(kind: str, *places: str) -> DataError:
    return DataError(
        f"a {kind} goal is given where no such business is expected",
        places,
        "Move the goal, or give the group accounts that buy then.",
    )


def group_quota_cents(targets: IntArray, rates: tuple[float, ...]) -> IntArray:
    """Add each group's buffer to every cell: (1 + rate) x target, half to even to the cent."""
    quotas = np.zeros_like(targets)
    for group, rate in enumerate(rates):
        cells = targets[group].ravel().tolist()
        quotas[group] = np.reshape([with_buffer(cell, rate) for cell in cells], targets.shape[1:])
    return quotas
