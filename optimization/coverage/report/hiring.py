"""Whether one more rep in a group pays: what it brings against what it costs, with a verdict.

It pays where even the lower end of what a found plan adds covers the cost; it does not where even
the upper end of what the prices promise at most does not; between the two nobody can tell. The ends
are those of a mean newcomer: who it turns out to be is luck that no plan can know, and stands apart
as a standard deviation.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.arrays import FloatArray, IntArray
from optimization.coverage.problem.units import CoverageProblem
from optimization.coverage.report.explain import Z_90
from optimization.coverage.report.gains import deviation
from optimization.coverage.report.wording import counted, money
from optimization.coverage.solve.one_more_rep import Replan, plan_with
from optimization.newcomers import Newcomers
from optimization.values.model import ValueModel
from optimization.values.pairs import PairValues

HIRING_COLUMNS = [
    "group_id",
    "added_hours",
    "taken_account_count",
    "resolved_gain_amount",
    "predicted_gain_amount",
    "gain_low_amount",
    "gain_high_amount",
    "newcomer_sd_amount",
    "newcomer_cost_amount",
    "cost_source",
    "hiring_verdict",
    "sentence",
]
CHANGE_COLUMNS = ["group_id", "account_id", "rep_id", "replanned_rep_id", "value_gain_amount"]
HIRE, DO_NOT_HIRE, CANNOT_TELL = "hire", "do not hire", "cannot tell"
_SAID = {HIRE: "Hire", DO_NOT_HIRE: "Do not hire", CANNOT_TELL: "Nobody can tell whether to hire"}


def hiring_advice(
    problem: CoverageProblem,
    rows: IntArray,
    price: FloatArray,
    values: PairValues | None,
    newcomers: Newcomers | None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables ``hiring_advice``, one row per group, and ``hiring_changes``, what each plan changes.

    Args:
        problem: The problem.
        rows: Candidate of each account in the plan, shape (A,).
        price: Price of each constraint, shape (M,).
        values: What any pair is worth; without it no newcomer can be valued, and no row is given.
        newcomers: One in each group of reps; None gives no row.
    """
    advice, changes = [], [pd.DataFrame(columns=CHANGE_COLUMNS)]
    if values is not None and newcomers is not None:
        tables = newcomers.join(values.model.tables)
        joined = PairValues(ValueModel.read(tables, values.model.policy))
        for place in range(len(newcomers.coverers)):
            newcomer = newcomers.coverers.iloc[[place]]
            replan = plan_with(problem, rows, price, joined, newcomer)
            changed = _changes(replan, newcomer)
            taken = int((changed["replanned_rep_id"] == newcomer["rep_id"].iloc[0]).sum())
            advice.append(_row(replan, newcomer, taken))
            changes.append(changed)
    return pd.DataFrame(advice, columns=HIRING_COLUMNS), pd.concat(changes, ignore_index=True)


def _changes(replan: Replan, newcomer: pd.DataFrame) -> pd.DataFrame:
    inputs = replan.problem.inputs
    changed = np.flatnonzero(replan.choice != replan.plan)
    ids = inputs.coverers["rep_id"].to_numpy(dtype=object)[inputs.coverer_of]
    before, after = replan.plan[changed], replan.choice[changed]
    return pd.DataFrame(
        {
            "group_id": newcomer["group_id"].iloc[0],
            "account_id": inputs.accounts["account_id"].to_numpy(dtype=object)[changed],
            "rep_id": ids[before],
            "replanned_rep_id": ids[after],
            "value_gain_amount": inputs.value[after] - inputs.value[before],
        }
    )


def _row(replan: Replan, newcomer: pd.DataFrame, taken: int) -> tuple[object, ...]:
    facts, inputs = newcomer.iloc[0], replan.problem.inputs
    group, hours, cost = facts["group_id"], facts["capacity_hours"], facts["newcomer_cost_amount"]
    ids = inputs.coverers["rep_id"].to_numpy(dtype=object)[inputs.coverer_of[replan.choice]]
    strength = inputs.candidates["strength_sd_amount"].to_numpy(dtype=np.float64)
    luck = float(strength[replan.choice[ids == facts["rep_id"]]].sum())
    whole = deviation(inputs, replan.choice, replan.plan)
    reach = Z_90 * float(np.sqrt(max(whole**2 - luck**2, 0.0)))
    low, high = replan.least - reach, replan.most + reach
    verdict = HIRE if low > cost else DO_NOT_HIRE if high <= cost else CANNOT_TELL
    said = f"{_SAID[verdict]}: one more rep in {group} ({counted(round(hours), 'hour')} in the "
    said += "first year) would "
    if taken:
        said += (
            f"take {counted(taken, 'account')} and bring about {money(replan.least)} over the "
            f"planning horizon, nine times in ten between {money(low)} and {money(high)} "
            f"(give or take {money(luck)} by who it is)"
        )
    else:
        said += "add nothing: no account is worth more with it"
    amounts = replan.least, replan.most, low, high, luck, cost
    sentence = f"{said}; it would cost {money(cost)}."
    return group, hours, taken, *amounts, facts["cost_source"], verdict, sentence
