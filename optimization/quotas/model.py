"""The convex program that divides each group's month among its reps.

Formulation. With fair share f[r,m,k] (in proportion to expected business) and relative
deviation d = q/f - 1, yearly fair share F[r], group sum F[g], p = f/F[r], y = sum_mk p d:

minimise  sum_r F[r]/F[g] * ( sum_mk p d^2  +  mu * (z[r] - mean z)^2 / scale[g]^2
                                  +  nu * (1 + y - reference[r]/F[r])^2 (references scaled)
                                  +  omega * (distance of 1 + y from its OTE band)^2 )
    subject to  sum_r f d = 0 per group, month and type;  d >= -1;
                lower[r] <= (1 + y) F[r] <= upper[r], or |y| <= max shift where no limit is set

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

from optimization.arrays import FloatArray, IntArray, ratio
from optimization.errors import SolveLimitError
from optimization.policy import QuotaPolicy
from optimization.quotas.bands import Bands

NO_LIMIT = 1e6


@dataclass(frozen=True)
class FairShares:
    """What each rep would carry by potential alone, and how sure its year is; R reps.

    Attributes:
        quota: Fair share f in cents, not rounded; shape (R, M, 2).
        expected_year: Expected business of the plan's months in cents; shape (R,).
        sd_year: Its standard deviation in cents; shape (R,).
        rep_group: Position of each rep's group; shape (R,).
        bands: What last year and on-target earnings ask for.
    """

    quota: FloatArray
    expected_year: FloatArray
    sd_year: FloatArray
    rep_group: NDArray[np.intp]
    bands: Bands


def fair_quotas(
    weights: FloatArray, group_quotas: IntArray, rep_group: NDArray[np.intp]
) -> FloatArray:
    """Divide each group's cell in proportion to weights; cents, shape (R, M, 2)."""
    group_weight = np.zeros(group_quotas.shape)
    np.add.at(group_weight, rep_group, weights)
    per_rep = group_weight[rep_group]
    return ratio(weights, per_rep) * group_quotas[rep_group]


def solve_quotas(fair: FairShares, policy: QuotaPolicy) -> FloatArray:
    """Move quotas off their fair shares towards equal hardness within each group.

    Args:
        fair: Fair shares and the uncertainty of each rep's year.
        policy: hardness_weight (mu) and max_hardness_shift_rate.

    Returns:
        Quotas in cents, not rounded, shape (R, M, 2). Reps without a fair share get 0.

    Raises:
        SolveLimitError: The solver ended without an optimal solution.
    """
    year = fair.quota.sum(axis=(1, 2))
    carries = np.flatnonzero(year > 0)
    if not carries.size or not _has_wishes(fair, carries, policy):
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


def _has_wishes(fair: FairShares, carries: NDArray[np.intp], policy: QuotaPolicy) -> bool:
    """Say whether anything pulls a quota off its fair share."""
    # Without noise, or with nothing expected, no quota is harder than another.
    is_hard = policy.hardness_weight > 0 and bool((fair.sd_year[carries] > 0).all())
    has_past = bool(np.isfinite(fair.bands.reference[carries]).any())
    has_ote = bool(
        (fair.bands.ote_low[carries] > 0).any() or np.isfinite(fair.bands.ote_high[carries]).any()
    )
    return is_hard or has_past or (has_ote and policy.ote_weight > 0)


def _interchangeable(
    fair: FairShares, reps: NDArray[np.intp], year: FloatArray
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
            *(
                np.nan_to_num(limit[reps] / size, nan=-1.0, posinf=-1.0)
                for limit in vars(fair.bands).values()
            ),
            fair.quota[reps].reshape(len(reps), -1) / size[:, None],
        ]
    )
    _, first, class_of = np.unique(profile, axis=0, return_index=True, return_inverse=True)
    return class_of.ravel(), reps[first]


@dataclass(frozen=True)
class QuotaProgram:
    """The quadratic program, ready to be solved; N carrying cells.

    Attributes:
        problem: Objective and constraints.
        shift: Relative deviation of each carrying cell; shape (N,).
        cells: Member, month and revenue type of each cell; three arrays of shape (N,).
    """

    problem: cp.Problem
    shift: cp.Variable
    cells: tuple[NDArray[np.intp], ...]


def _solve(
    fair: FairShares,
    members: NDArray[np.intp],
    class_year: FloatArray,
    policy: QuotaPolicy,
) -> FloatArray:
    """Solve for the relative deviations of classes with rivals, shape (classes, M, 2)."""
    program = build_program(fair, members, class_year, policy)
    try:
        # HiGHS calls bounded QPs of this kind unbounded; Clarabel is exact to about 1e-8.
        program.problem.solve(solver=cp.CLARABEL)
    except cp.SolverError as error:
        raise SolveLimitError(f"Clarabel failed on the quota program: {error}") from error
    if program.problem.status != cp.OPTIMAL:
        raise SolveLimitError(f"Clarabel ended the quota program as {program.problem.status}")
    solved: FloatArray = np.zeros((len(members), *fair.quota.shape[1:]))
    solved[program.cells] = np.maximum(program.shift.value, -1)
    return solved


def build_program(
    fair: FairShares,
    members: NDArray[np.intp],
    class_year: FloatArray,
    policy: QuotaPolicy,
) -> QuotaProgram:
    """Write the program of the module's head for some reps.

    Args:
        fair: Fair shares, uncertainty and bands of all reps.
        members: One rep of each class of interchangeable ones; every one has a rival.
        class_year: Fair share of all of a class in cents, aligned with members.
        policy: Prices and limits.
    """
    group = np.unique(fair.rep_group[members], return_inverse=True)[1]
    member_year = fair.quota[members].sum(axis=(1, 2))
    weight = class_year / np.bincount(group, weights=class_year)[group]
    sd = fair.sd_year[members]
    mu = policy.hardness_weight if (sd > 0).all() else 0.0
    slope = ratio(member_year, sd)
    hardness = fair.expected_year[members] / member_year * slope - slope
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
    past, outside = _wishes(year_shift, fair.bands, members, member_year, weight, group)
    lower, upper = _limits(fair.bands, members, member_year, policy)
    constraints = [
        (cell_of @ shift == 0).set_label("group_month_type_sums"),
        (shift >= -1).set_label("no_negative_quota"),
        (year_shift >= lower).set_label("lowest_year"),
        (year_shift <= upper).set_label("highest_year"),
    ]
    cost = distance + mu * unequal + policy.anti_ratchet_weight * past + policy.ote_weight * outside
    return QuotaProgram(
        problem=cp.Problem(cp.Minimize(cost), constraints),
        shift=shift,
        cells=(owner, month, kind),
    )


def _wishes(
    year_shift: cp.Expression,
    bands: Bands,
    members: NDArray[np.intp],
    member_year: FloatArray,
    weight: FloatArray,
    group: NDArray[np.intp],
) -> tuple[cp.Expression, cp.Expression]:
    """Return the squared distances from last year's quota and from the OTE band, weighted.

    References are scaled to the sum of the group's fair shares: a company that grows raises
    every quota, and only a rise beyond the others' is a ratchet.
    """
    asked_for = bands.reference[members] / member_year
    known = np.flatnonzero(np.isfinite(asked_for))
    past: cp.Expression = cp.Constant(0.0)
    if known.size:
        carried = np.bincount(group[known], weights=weight[known])
        asked = np.bincount(group[known], weights=weight[known] * asked_for[known])
        level = ratio(carried, asked, 1.0)
        beyond = year_shift[known] + 1 - asked_for[known] * level[group[known]]
        past = cp.sum_squares(cp.multiply(np.sqrt(weight[known]), beyond))
    outside: cp.Expression = cp.Constant(0.0)
    high = bands.ote_high[members] / member_year - 1
    low = bands.ote_low[members] / member_year - 1
    for sign, edge in ((1, high), (-1, low)):
        set_ = np.flatnonzero(np.isfinite(edge) & (edge > -1))
        if set_.size:
            beyond = cp.pos(sign * (year_shift[set_] - edge[set_]))
            outside += cp.sum_squares(cp.multiply(np.sqrt(weight[set_]), beyond))
    return past, outside


def _limits(
    bands: Bands, members: NDArray[np.intp], member_year: FloatArray, policy: QuotaPolicy
) -> tuple[FloatArray, FloatArray]:
    """Return the lowest and highest relative shift of each member's plan months.

    Stated limits replace the guard: it would contradict them where last year's quota lies far
    from the fair share, and others must be able to make room.
    """
    first_year = bands.first_year[members] / member_year - 1
    limited = np.isfinite(bands.upper[members])
    if not limited.any():
        guard = np.full(len(members), policy.max_hardness_shift_rate)
        return -guard, np.minimum(guard, np.maximum(first_year, 0.0))
    lower = bands.lower[members] / member_year - 1
    upper = np.where(limited, bands.upper[members] / member_year - 1, NO_LIMIT)
    return lower, np.minimum(upper, np.maximum(first_year, lower))
