"""The convex program that divides each group's month among its reps.

Belongs here: fair shares, the quadratic program around them and its solution. Does not
belong here: whole cents (``cents``) and frames (``plan``).

Formulation. With fair share f[r,m,k] (in proportion to expected business) and relative
deviation d = q/f - 1, yearly fair share F[r], group sum F[g], p = f/F[r]:

    minimise  sum_r F[r]/F[g] * ( sum_mk p d^2  +  mu * (z[r] - mean z)^2 / scale[g]^2 )
    subject to  sum_r f d = 0 per group, month and type;  d >= -1;  |sum_mk p d| <= max shift

where z[r] = (expected year - quota year) / sd[r] is how hard a quota is. Weighing every rep
by F[r] makes the program blind to how a book is cut: two halves of a book get exactly half of
the whole's quota each. That is why doubling a book doubles its quota for every mu, and why
interchangeable reps can be solved as one. scale[g] = max(1, rms z): when a goal is far from
what is expected, z runs into the hundreds and would drown the distance.
"""

from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from optimization.errors import SolveLimitError
from optimization.policy import QuotaPolicy


@dataclass(frozen=True)
class FairShares:
    """What each rep would carry by potential alone, and how sure its year is; R reps.

    Attributes:
        quota: Fair share f in cents, not rounded; shape (R, 12, 2).
        expected_year: Expected business of the year in cents; shape (R,).
        sd_year: Its standard deviation in cents; shape (R,).
        rep_group: Position of each rep's group; shape (R,).
    """

    quota: NDArray[np.float64]
    expected_year: NDArray[np.float64]
    sd_year: NDArray[np.float64]
    rep_group: NDArray[np.intp]


def fair_quotas(
    weights: NDArray[np.float64], group_quotas: NDArray[np.int64], rep_group: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Divide each group's cell in proportion to weights; cents, shape (R, 12, 2)."""
    group_weight = np.zeros(group_quotas.shape)
    np.add.at(group_weight, rep_group, weights)
    per_rep = group_weight[rep_group]
    part = np.divide(weights, per_rep, out=np.zeros_like(weights), where=per_rep > 0)
    return part * group_quotas[rep_group]


def solve_quotas(fair: FairShares, policy: QuotaPolicy) -> NDArray[np.float64]:
    """Move quotas off their fair shares towards equal hardness within each group.

    Args:
        fair: Fair shares and the uncertainty of each rep's year.
        policy: hardness_weight (mu) and max_hardness_shift_rate.

    Returns:
        Quotas in cents, not rounded, shape (R, 12, 2). Reps without a fair share get 0.

    Raises:
        SolveLimitError: The solver ended without an optimal solution.
    """
    year = fair.quota.sum(axis=(1, 2))
    carries = np.flatnonzero(year > 0)
    # Without noise, or with nothing expected, no quota is harder than another.
    if policy.hardness_weight == 0 or not carries.size or not (fair.sd_year[carries] > 0).all():
        return fair.quota
    class_of, first = _interchangeable(fair, carries, year)
    class_group = fair.rep_group[first]
    rivals = np.bincount(class_group)[class_group] > 1
    if not rivals.any():
        return fair.quota
    class_year = np.zeros(len(first))
    np.add.at(class_year, class_of, year[carries])
    deviation = np.zeros((len(first), *fair.quota.shape[1:]))
    deviation[rivals] = _solve(fair, first[rivals], class_year[rivals], policy)
    quotas = fair.quota.copy()
    quotas[carries] *= 1 + deviation[class_of]
    return quotas


def _interchangeable(
    fair: FairShares, reps: NDArray[np.intp], year: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Number reps that differ in size alone as one class; return classes and first members.

    Equal books then get equal quotas bit by bit, whatever the solver's tolerance: cells of some
    cents beside others of millions would otherwise come back with errors of whole cents.
    """
    size = year[reps]
    profile = np.column_stack(
        [
            fair.rep_group[reps],
            fair.expected_year[reps] / size,
            fair.sd_year[reps] / size,
            fair.quota[reps].reshape(len(reps), -1) / size[:, None],
        ]
    )
    _, first, class_of = np.unique(profile, axis=0, return_index=True, return_inverse=True)
    return class_of.ravel(), reps[first]


def _solve(
    fair: FairShares,
    members: NDArray[np.intp],
    class_year: NDArray[np.float64],
    policy: QuotaPolicy,
) -> NDArray[np.float64]:
    """Solve for the relative deviations of classes with rivals, shape (classes, 12, 2)."""
    group = np.unique(fair.rep_group[members], return_inverse=True)[1]
    member_year = fair.quota[members].sum(axis=(1, 2))
    weight = class_year / np.bincount(group, weights=class_year)[group]
    slope = member_year / fair.sd_year[members]
    hardness = fair.expected_year[members] / fair.sd_year[members] - slope
    scale = np.sqrt(np.maximum(1, np.bincount(group, weights=weight * hardness**2)))[group]

    part = fair.quota[members] / member_year[:, None, None]
    owner, month, kind = np.nonzero(part)
    cell_part = part[owner, month, kind]
    cell_weight = weight[owner] * cell_part
    cell = np.unique(np.stack([group[owner], month, kind]), axis=1, return_inverse=True)[1].ravel()
    cell_share = cell_weight / np.bincount(cell, weights=cell_weight)[cell]
    count = len(owner)
    column = np.arange(count)
    year_of = coo_array((cell_part, (owner, column)), shape=(len(members), count)).tocsr()
    cell_of = coo_array((cell_share, (cell, column))).tocsr()
    group_of = coo_array((np.ones(len(members)), (np.arange(len(members)), group))).tocsr()

    shift = cp.Variable(count, name="shift")
    mean_hardness = cp.Variable(group_of.shape[1], name="mean_hardness")  # free: best = mean
    year_shift = year_of @ shift
    spread = hardness - cp.multiply(slope, year_shift) - group_of @ mean_hardness
    distance = cp.sum_squares(cp.multiply(np.sqrt(cell_weight), shift))
    unequal = cp.sum_squares(cp.multiply(np.sqrt(weight) / scale, spread))
    constraints = [
        (cell_of @ shift == 0).set_label("group_month_type_sums"),
        (shift >= -1).set_label("no_negative_quota"),
        (cp.abs(year_shift) <= policy.max_hardness_shift_rate).set_label("max_hardness_shift"),
    ]
    problem = cp.Problem(cp.Minimize(distance + policy.hardness_weight * unequal), constraints)
    try:
        # HiGHS calls bounded QPs of this kind unbounded; Clarabel is exact to about 1e-8.
        problem.solve(solver=cp.CLARABEL)
    except cp.SolverError as error:
        raise SolveLimitError(f"Clarabel failed on the quota program: {error}") from error
    if problem.status != cp.OPTIMAL:
        raise SolveLimitError(f"Clarabel ended the quota program as {problem.status}")
    solved: NDArray[np.float64] = np.zeros_like(part)
    solved[owner, month, kind] = np.maximum(shift.value, -1)
    return solved
