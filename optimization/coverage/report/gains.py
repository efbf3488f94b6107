"""What a plan gains, over what, how sure that is, and which steps it is made of.

Today's coverage leaves vacant accounts to nobody, so any plan that fills vacancies gains over it.
The fair baseline is today's coverage repaired: vacant accounts are covered again within their
owner's group, as far as there are free hours, and nothing else changes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from optimization.arrays import BoolArray, FloatArray, IntArray
from optimization.coverage.problem.inputs import CoverageInputs
from optimization.coverage.problem.units import CoverageProblem
from optimization.coverage.report.explain import Z_90
from optimization.coverage.report.wording import counted, money

# Reps differ whether or not the deals could show it: by 0.15 in the log-odds of a win, which is 8 %
# of wins where half of the deals are won, and by 15 % in the deals they create. 0.15 is the least
# spread that strengths are estimated with, too.
UNMEASURED_CV = 0.17
GAIN_COLUMNS = [
    "baseline",
    "is_default",
    "gain_amount",
    "gain_low_amount",
    "gain_high_amount",
    "sentence",
]
BRIDGE_COLUMNS = ["step_number", "step", "account_count", "amount", "running_amount", "sentence"]
AS_IS, REPAIRED, MARGIN = "as_is", "as_is_repaired", "as_is_repaired_margin"
# Prices of what goes beyond a limit, by the rules they belong to.
SHARED_STEPS = {
    "overtime": ("hours",),
    "balance": ("balance_high", "balance_low", "ote_high", "ote_low"),
    "idle_hours": ("min_hours",),
}
REASONS = ("better_match", "family", "override", "capacity", "unprofitable")
_OVER = {
    AS_IS: "today's coverage, which leaves vacant accounts to nobody",
    REPAIRED: "today's coverage with its vacancies filled by the fewest moves",
    MARGIN: "the same in margin alone, without the price of hours and balance",
}
_WORDS = {
    "as_is": "Today's coverage is worth {amount}.",
    "vacancies": "Covering {accounts} again that nobody covers today, within the owner's group and "
    "its free hours: {amount}.",
    "ineligible_owners": "Taking {accounts} from owners who may not keep them: {amount}.",
    "as_is_repaired": "Today's coverage, repaired, is worth {amount}.",
    "better_use_of_vacancies": "Covering {accounts} without an owner better than the repair: "
    "{amount}.",
    "better_match": "Moving {accounts} to who brings more: {amount}.",
    "family": "Bringing {accounts} together with their families: {amount}.",
    "override": "Moving {accounts} as people and rules decided: {amount}.",
    "capacity": "Moving {accounts} for want of their owners' time: {amount}.",
    "unprofitable": "Leaving {accounts} that nobody brings more to: {amount}.",
    "disruption": "What changes of coverer cost: {amount}.",
    "overtime": "Hours that reps lack: {amount}.",
    "balance": "Books further from or nearer to their share: {amount}.",
    "idle_hours": "Hours that accounts should fill: {amount}.",
    "plan": "The plan is worth {amount}.",
}


def plan_gains(problem: CoverageProblem, chosen: IntArray, repaired: IntArray) -> pd.DataFrame:
    """Table ``plan_gains``: the plan's gain over three baselines, with 90 % intervals.

    Over today's coverage; over today's repaired, which is the headline; and over the same in
    margin alone, without the prices of overtime, balance and idle hours.

    Args:
        problem: The problem.
        chosen: Candidate row of each account in the plan, shape (A,).
        repaired: The same in the repaired coverage, shape (A,).
    """
    inputs, worth = problem.inputs, problem.scored.worth
    margin = float((inputs.value[chosen] - inputs.value[repaired]).sum())
    over_as_is, over_repaired = (
        Z_90 * float(np.hypot(deviation(inputs, chosen, base), unmeasured(inputs, chosen, base)))
        for base in (inputs.as_is_rows, repaired)
    )
    rows = []
    for baseline, gain, reach in (
        (AS_IS, worth(chosen) - worth(inputs.as_is_rows), over_as_is),
        (REPAIRED, worth(chosen) - worth(repaired), over_repaired),
        (MARGIN, margin, over_repaired),
    ):
        rows.append(
            (
                baseline,
                baseline == REPAIRED,
                gain,
                gain - reach,
                gain + reach,
                f"{money(gain)} over {_OVER[baseline]}; nine times in ten between "
                f"{money(gain - reach)} and {money(gain + reach)}.",
            )
        )
    return pd.DataFrame(rows, columns=GAIN_COLUMNS)


def deviation(inputs: CoverageInputs, chosen: IntArray, base: IntArray) -> float:
    """Standard deviation of the difference in value of two coverages.

    What an account asks for is the same under both, so only its share in the difference counts.
    Errors of strengths are those of a rep, so a rep's accounts are taken to err together.
    """
    changed = np.flatnonzero(chosen != base)
    pairs = inputs.candidates
    strength = pairs["strength_sd_amount"].to_numpy(dtype=np.float64)
    whole = pairs["value_sd_amount"].to_numpy(dtype=np.float64)
    account = np.sqrt(np.maximum(whole**2 - strength**2, 0.0)) * np.sign(inputs.value)
    of_accounts = account[chosen[changed]] - account[base[changed]]
    by_rep = np.zeros(len(inputs.coverers))
    for rows in (chosen[changed], base[changed]):
        by_rep += np.bincount(inputs.coverer_of[rows], strength[rows], len(by_rep))
    return float(np.sqrt((of_accounts**2).sum() + (by_rep**2).sum()))


def unmeasured(inputs: CoverageInputs, chosen: IntArray, base: IntArray) -> float:
    """Standard deviation of that difference by what nobody could measure about the reps.

    A rep who brings more or less than the deals could show does so on all that it covers, so what
    a rep covers more under one coverage than under the other counts.
    """
    changed = np.flatnonzero(chosen != base)
    more, less = (
        np.bincount(inputs.coverer_of[rows], inputs.value[rows], len(inputs.coverers))
        for rows in (chosen[changed], base[changed])
    )
    somebody = (more - less)[:-1]  # the last is the house, whose customers order by themselves
    return UNMEASURED_CV * float(np.sqrt((somebody**2).sum()))


def gain_bridge(
    problem: CoverageProblem, chosen: IntArray, repaired: IntArray, reason: pd.Series[str]
) -> pd.DataFrame:
    """Table ``gain_bridge``: from today's coverage to the plan, in steps that add up.

    Args:
        problem: The problem.
        chosen: Candidate row of each account in the plan, shape (A,).
        repaired: The same in the repaired coverage, shape (A,).
        reason: Why each account's coverer changes, A values.
    """
    steps = list(_steps(problem, chosen, repaired, reason.to_numpy(dtype=object)))
    running, rows = 0.0, []
    for number, (step, count, amount) in enumerate(steps, start=1):
        is_level = step in (AS_IS, REPAIRED, "plan")
        running = amount if is_level else running + amount
        accounts = counted(count, "account")
        sentence = _WORDS[step].format(accounts=accounts, amount=money(amount))
        rows.append((number, step, count, amount, running, sentence))
    return pd.DataFrame(rows, columns=BRIDGE_COLUMNS)


def _steps(
    problem: CoverageProblem, chosen: IntArray, repaired: IntArray, reason: FloatArray
) -> Iterator[tuple[str, int, float]]:
    inputs = problem.inputs
    as_is = inputs.as_is_rows
    yield AS_IS, 0, problem.scored.worth(as_is)
    difference = inputs.value[repaired] - inputs.value[as_is]
    barred = inputs.owner_is_barred
    for step, of in (("vacancies", ~barred), ("ineligible_owners", barred)):
        yield step, *_sum(difference, of & (repaired != as_is))
    yield from _shared(problem, as_is, repaired)
    yield REPAIRED, 0, problem.scored.worth(repaired)

    disruption = inputs.candidates["disruption_amount"].to_numpy(dtype=np.float64)
    gross = inputs.value + disruption
    difference = gross[chosen] - gross[repaired]
    changed = chosen != repaired
    is_vacant = ~inputs.has_present
    yield "better_use_of_vacancies", *_sum(difference, changed & is_vacant)
    for step in REASONS:
        yield step, *_sum(difference, changed & ~is_vacant & (reason == step))
    assert not (changed & ~is_vacant & ~np.isin(reason.astype(str), REASONS)).any()
    cost = disruption[repaired] - disruption[chosen]
    yield "disruption", *_sum(cost, changed & (cost != 0))
    yield from _shared(problem, repaired, chosen)
    yield "plan", 0, problem.scored.worth(chosen)


def _sum(amount: FloatArray, chosen: BoolArray) -> tuple[int, float]:
    return int(chosen.sum()), float(amount[chosen].sum())


def _shared(
    problem: CoverageProblem, before: IntArray, after: IntArray
) -> Iterator[tuple[str, int, float]]:
    """Change of what goes beyond limits, at its price."""
    constraints = problem.scored.constraints
    saved = constraints.slack_price * (constraints.slack(before) - constraints.slack(after))
    for step, rules in SHARED_STEPS.items():
        yield step, 0, float(saved[constraints.of(rules)].sum())
