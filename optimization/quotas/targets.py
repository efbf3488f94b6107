"""From the company's goal to each group's month, and to the sum its reps must carry.

Belongs here: exact splits above the level of a rep. Does not belong here: dividing a group's
sum among its reps (``model``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimization.errors import DataError
from optimization.policy import QuotaPolicy
from optimization.quotas.cents import apportion, with_buffer
from optimization.quotas.expected import ExpectedBusiness
from optimization.quotas.inputs import QuotaInputs


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


def split_weights(expected: ExpectedBusiness) -> NDArray[np.float64]:
    """Return what goals are split in proportion to; shape (R, 12, 2).

    That is expected business. Where the company expects none of a revenue type, the other
    type's stands in; where it expects none at all, every rep with a book counts the same.
    """
    own = expected.amount
    other = own[:, :, ::-1]
    even = np.broadcast_to(expected.has_book[:, None, None].astype(np.float64), own.shape)
    type_is_expected = own.any(axis=(0, 1))
    fallback = other if type_is_expected.any() else even
    return np.where(type_is_expected, own, fallback)


def group_target_cents(inputs: QuotaInputs, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Split the company's goal per revenue type over groups and months, exact to the cent.

    Args:
        inputs: Goals and groups.
        weights: From ``split_weights``, shape (R, 12, 2).

    Returns:
        Targets in cents, shape (G, 12, 2); they sum to the goal per revenue type.
    """
    by_group = np.zeros((len(inputs.group_ids), *weights.shape[1:]))
    np.add.at(by_group, inputs.rep_group, weights)
    targets = np.zeros(by_group.shape, dtype=np.int64)
    for kind, goal in enumerate(inputs.goal_cents):
        parts = apportion(goal, by_group[:, :, kind].ravel())
        targets[:, :, kind] = parts.reshape(by_group.shape[:2])
    return targets


def group_quota_cents(targets: NDArray[np.int64], rates: tuple[float, ...]) -> NDArray[np.int64]:
    """Add each group's buffer to every cell: (1 + rate) x target, half to even to the cent."""
    quotas = np.zeros_like(targets)
    for group, rate in enumerate(rates):
        cells = targets[group].ravel().tolist()
        quotas[group] = np.reshape([with_buffer(cell, rate) for cell in cells], targets.shape[1:])
    return quotas
