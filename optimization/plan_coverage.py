"""From three tables to a verified coverage plan: the entry point of this package."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.arrays import IntArray
from optimization.coverage.problem.eligible import EligiblePairs
from optimization.coverage.problem.inputs import CoverageInputs
from optimization.coverage.problem.units import CoverageProblem
from optimization.coverage.report.certificate import certify
from optimization.coverage.report.diagnose import diagnose, precheck
from optimization.coverage.report.explain import explain
from optimization.coverage.report.gains import gain_bridge, plan_gains
from optimization.coverage.report.hiring import hiring_advice
from optimization.coverage.report.loads import rep_loads
from optimization.coverage.report.locks import lock_costs
from optimization.coverage.report.pairs import pair_rows
from optimization.coverage.solve.columns import price_every_pair
from optimization.coverage.solve.decide import decide
from optimization.coverage.solve.feasible import least_shortfall
from optimization.coverage.solve.prices import relax, shadow_prices, start_prices
from optimization.errors import SolveLimitError, VerificationError
from optimization.newcomers import Newcomers
from optimization.policy import CoveragePolicy
from optimization.solve import SolveStatus, require_gap
from optimization.tables import CoveragePlan
from optimization.threads import on_one_thread
from optimization.values.pairs import PairValues
from optimization.verify.coverage import verify_coverage

ASSIGNMENT_COLUMNS = [
    "account_id",
    "rep_id",
    "coverer_type",
    "group_id",
    "previous_rep_id",
    "present_rep_id",
    "owner_source",
    "repaired_rep_id",
    "family_id",
    "is_moved",
    "is_forced_move",
    "is_locked",
    "lock_reason",
    "hours",
    "value_amount",
    "new_amount",
    "existing_amount",
    "unserved_amount",
]
CHANGE_COLUMNS = [
    "account_id",
    "from_rep_id",
    "to_rep_id",
    "reason",
    "value_gain_amount",
    "disruption_amount",
]


@on_one_thread
def solve_coverage(
    accounts: pd.DataFrame,
    candidates: pd.DataFrame,
    coverers: pd.DataFrame,
    policy: CoveragePolicy,
    last_prices: pd.DataFrame | None = None,
    values: PairValues | None = None,
    newcomers: Newcomers | None = None,
) -> CoveragePlan:
    """Decide who covers which account, prove it and check it.

    Args:
        accounts: Mart ``coverage_accounts``, one row per account.
        candidates: Pairs to choose from, one row each (``values.candidates.pair_table``); amounts
            over the planning horizon in company currency, hours and bookings a year.
        coverers: Mart ``coverage_coverers``, reps, partners and the house.
        policy: Move budget, gap, time and seed.
        last_prices: rule, rep_id, group_id and shadow_price_amount of the last plan, as a start
            beyond ``exact_pairs``; its choices come with the accounts' present owners.
        values: What any pair is worth. With it the bound is over every eligible pair, and pairs
            are added to the candidates as the prices call for them.
        newcomers: One in each group of reps, for the hiring advice; without them, or without
            values, there is none.

    Raises:
        DataError: A table breaks its contract.
        InfeasibleError: No plan keeps every rule; names rules, amounts and repairs.
        SolveLimitError: No acceptable plan within the time.
        SolverFaultError: The solver failed.
        VerificationError: The finished plan breaks a rule.
    """
    inputs = CoverageInputs.from_frames(accounts, candidates, coverers)
    precheck(inputs)
    problem = CoverageProblem.state(inputs, policy)
    start = least_shortfall(problem.pairs, {}, policy)
    if start is None:
        raise diagnose(problem)
    if values is None:
        eligible = int(inputs.is_allowed.sum())
        relaxation = relax(problem.pairs, policy, start_prices(problem.pairs, last_prices))
    else:
        priced = price_every_pair(
            accounts, candidates, coverers, policy, problem, EligiblePairs(values, inputs),
            last_prices,
        )  # fmt: skip
        problem, relaxation, eligible = priced.problem, priced.relaxation, priced.eligible
        inputs, start = problem.inputs, least_shortfall(problem.pairs, {}, policy)
    pairs = problem.pairs
    decision = decide(
        pairs,
        gap=policy.mip_gap,
        seconds=policy.solve_seconds,
        seed=policy.seed,
        exact_pairs=policy.exact_pairs,
        price=relaxation.price,
        start_choice=None if start is None else start.choice,
    )
    chosen, outcome = decision.choice, decision.outcome
    if chosen is None:
        raise SolveLimitError(
            f"no plan within {policy.solve_seconds:g} s. Give it more time (solve_seconds)."
        )
    if outcome.status is SolveStatus.FEASIBLE:
        require_gap(outcome.gap, policy.mip_gap, policy.solve_seconds)
    price = decision.price
    rows, repaired = problem.candidates_of(chosen), inputs.repaired_rows
    reason = _reasons(inputs, rows)

    gains = plan_gains(problem, rows, repaired)
    advice, changes = hiring_advice(problem, rows, price, values, newcomers)
    plan = CoveragePlan(
        pairs=pair_rows(problem),
        assignments=_assignments(inputs, rows, repaired),
        explanations=explain(problem, rows, price),
        changes=_changes(inputs, rows, reason),
        certificate=certify(problem, chosen, price, outcome, gains, eligible),
        gains=gains,
        bridge=gain_bridge(problem, rows, repaired, reason),
        shadow_prices=shadow_prices(pairs, price, chosen),
        hiring_advice=advice,
        hiring_changes=changes,
        lock_costs=lock_costs(problem, relaxation),
        rep_loads=rep_loads(inputs, rows),
    )
    violations = verify_coverage(accounts, coverers, policy, plan)
    if violations:
        raise VerificationError(violations)
    return plan


def _assignments(inputs: CoverageInputs, chosen: IntArray, repaired: IntArray) -> pd.DataFrame:
    pair = inputs.candidates.iloc[chosen].reset_index(drop=True)
    coverer = inputs.coverers.iloc[inputs.coverer_of[chosen]].reset_index(drop=True)
    account = inputs.accounts
    table = pd.DataFrame(
        {
            "account_id": account["account_id"],
            "rep_id": coverer["rep_id"],
            "coverer_type": coverer["coverer_type"],
            "group_id": coverer["group_id"],
            "previous_rep_id": account["previous_owner_rep_id"],
            "present_rep_id": account["present_rep_id"],
            "owner_source": account["owner_source"],
            "repaired_rep_id": inputs.coverers["rep_id"].to_numpy()[inputs.coverer_of[repaired]],
            "family_id": account["family_id"],
            "is_moved": inputs.is_move[chosen],
            "is_forced_move": (inputs.is_move & ~inputs.is_chosen_move)[chosen],
            "is_locked": account["lock_action"].notna(),
            "lock_reason": account["lock_reason"],
            "hours": inputs.hours[chosen],
            "value_amount": inputs.value[chosen],
            "new_amount": pair["new_amount"],
            "existing_amount": pair["existing_amount"],
            "unserved_amount": pair["unserved_amount"],
        }
    )
    return table[ASSIGNMENT_COLUMNS]


def _reasons(inputs: CoverageInputs, chosen: IntArray) -> pd.Series[str]:
    """Why each account's coverer changes, where it does; A values."""
    account = inputs.accounts
    to_rep = inputs.candidates["rep_id"].iloc[chosen].reset_index(drop=True)
    gain = inputs.value[chosen] - inputs.value[inputs.as_is_rows]
    reason = np.select(
        [
            account["vacancy_reason"].notna(),
            (to_rep == account["present_rep_id"]).fillna(False),
            inputs.owner_is_barred,
            inputs.must_move,
            inputs.is_house[chosen] & ~inputs.is_worth_serving,
            # Nobody moves at a loss but for want of its owner's time.
            inputs.is_house[chosen] | (gain < 0),
        ],
        [
            account["vacancy_reason"].astype(object),
            "earlier_plan",
            "override",
            "family",
            "unprofitable",
            "capacity",
        ],
        "better_match",
    )
    return pd.Series(reason, dtype=object)


def _changes(inputs: CoverageInputs, chosen: IntArray, reason: pd.Series[str]) -> pd.DataFrame:
    account = inputs.accounts
    to_rep = inputs.candidates["rep_id"].iloc[chosen].reset_index(drop=True)
    gain = inputs.value[chosen] - inputs.value[inputs.as_is_rows]
    disruption = inputs.candidates["disruption_amount"].to_numpy(dtype=float)
    table = pd.DataFrame(
        {
            "account_id": account["account_id"],
            "from_rep_id": account["previous_owner_rep_id"],
            "to_rep_id": to_rep,
            "reason": reason,
            "value_gain_amount": gain,
            "disruption_amount": disruption[chosen],
        }
    )
    changed = (to_rep != account["previous_owner_rep_id"]).fillna(True).astype(bool)
    return table.loc[changed, CHANGE_COLUMNS].reset_index(drop=True)
