"""Past plans, one per whole fiscal year before this plan's, and what came of them.

The coverage is that of record, who worked which account then, and not one solved anew: what came
was won under it. A plan that moves accounts would be judged by what others won.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.backtest.cut import cut_tables
from dagster_project.backtest.tables import keep_backtest, write_backtest
from dagster_project.company.model import Company
from dagster_project.planning.levels import estimate_levels
from dagster_project.planning.quotas import (
    LAST_BACKTEST,
    QUOTA_MARTS,
    context_of_past,
    quota_inputs,
    quota_policy,
)
from dagster_project.planning.strengths import estimate
from dagster_project.warehouse.duckdb_file import Warehouse

if TYPE_CHECKING:
    import pandas as pd

    from optimization.backtest.compare import PastPlan

MOST_YEARS = 3
# Whole years of records that a past plan must have had.
FEWEST_KNOWN_YEARS = 2
# Builds the models before (False) or after (True) the estimates, in the warehouse at a path.
Build = Callable[[Path, bool], None]


def backtest(
    warehouse: Warehouse, company: Company, folder: Path, build: Build
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Back-test the company's plan, and write what it says.

    Args:
        warehouse: The company's, with the marts of a refresh.
        company: Its settings.
        folder: For the past warehouses; removed.
        build: Builds the models.

    Returns:
        Rows and verdicts (``optimization.backtest``).

    Raises:
        optimization.errors.PlanningError: A past plan cannot be made; nothing was written.
    """
    import pandas as pd

    from optimization.backtest.compare import COLUMNS, compare
    from optimization.backtest.verdict import summarise

    frames = [pd.DataFrame(columns=COLUMNS)]
    for cut_on in past_cuts(warehouse):
        plan = past_plan(warehouse, company, cut_on, folder, build)
        frames.append(compare(plan, _won(warehouse, cut_on)))
    rows = pd.concat(frames if len(frames) == 1 else frames[1:], ignore_index=True)
    summary = summarise(rows)
    write_backtest(warehouse, rows, summary)
    return rows, summary


def past_cuts(warehouse: Warehouse) -> Iterator[dt.date]:
    """Last days before the past fiscal years that can be judged, the newest first."""
    import pandas as pd

    with warehouse.connect() as connection:
        start, first = connection.execute(
            "select (select plan_start_on from intermediate.int_company__calendar), "
            "(select min(closed_on) from intermediate.int_opportunities__profiled)"
        ).fetchall()[0]
    for years in range(1, MOST_YEARS + 1):
        begins = pd.Timestamp(start) - pd.DateOffset(years=years)
        known_from = begins - pd.DateOffset(years=FEWEST_KNOWN_YEARS)
        if first is not None and pd.Timestamp(first) <= known_from + pd.DateOffset(months=1):
            yield (begins - pd.Timedelta(days=1)).date()


def past_plan(
    warehouse: Warehouse, company: Company, cut_on: dt.date, folder: Path, build: Build
) -> PastPlan:
    """Make the plan of a fiscal year from what was known the day before it began.

    Raises:
        optimization.errors.PlanningError: The plan cannot be made.
    """
    import pandas as pd

    from optimization.backtest.compare import PastPlan
    from optimization.quotas.context import uncertainty
    from optimization.quotas.expected import expected_business
    from optimization.quotas.inputs import QuotaInputs

    with warehouse.connect() as connection:
        goal, base = connection.execute(
            "select sum(goal_amount), sum(base_amount) from marts.company_goals"
        ).fetchall()[0]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        tables = _past_tables(warehouse, company, cut_on, folder, build)
    finally:
        # A past warehouse holds pay, as today's does.
        shutil.rmtree(folder)
    policy = quota_policy(company)
    context = context_of_past(tables)
    inputs = QuotaInputs.from_frames(
        **quota_inputs(tables, company), open_business=context.open_business
    )
    last_year = float(tables["company_goals"]["base_amount"].sum())
    return PastPlan(
        cut_on=pd.Timestamp(cut_on),
        inputs=inputs,
        expected=expected_business(inputs, policy),
        shocks=uncertainty(context, policy),
        # As much above the year before as this plan's goal is.
        goal_amount=last_year * (float(goal) / float(base) if base else 1.0),
        seed=policy.seed,
    )


def _past_tables(
    warehouse: Warehouse, company: Company, cut_on: dt.date, folder: Path, build: Build
) -> dict[str, pd.DataFrame]:
    """Run the pipeline on what was known on a day, up to what quotas follow from."""
    # The file's name is the name of the database in dbt's compiled SQL.
    path = folder / Path(warehouse.path).name
    with warehouse.connect() as connection:
        cut_tables(connection, cut_on, path)
    past = Warehouse(path=str(path))
    build(path, False)
    estimate(past)
    estimate_levels(past)
    build(path, True)
    return tables_of_record(past, company)


def tables_of_record(past: Warehouse, company: Company) -> dict[str, pd.DataFrame]:
    """Read what quotas follow from, every account under its owner of record."""
    with past.connect() as connection:
        keep_backtest(connection)
    tables = {name: past.read(f"marts.{name}") for name in QUOTA_MARTS}
    tables[LAST_BACKTEST] = past.read(f"backtest.{LAST_BACKTEST}")
    accounts = past.read("marts.coverage_accounts")
    coverers = tables["coverage_coverers"].set_index("rep_id")
    rep = accounts["present_rep_id"]
    house = coverers.index[coverers["coverer_type"] == "house"][0]
    rep = rep.where(rep.isin(coverers.index), house)
    tables["coverage_assignments"] = accounts[
        ["account_id", "new_amount", "existing_amount"]
    ].assign(
        unserved_amount=accounts["existing_amount"] * (1 - company.coverage.uncovered_loss_rate),
        rep_id=rep,
        present_rep_id=rep,
        group_id=rep.map(coverers["group_id"]),
        coverer_type=rep.map(coverers["coverer_type"]),
        previous_rep_id=rep,
        hours=accounts["hours_per_year"],
        is_moved=False,
    )
    return tables


def _won(warehouse: Warehouse, cut_on: dt.date) -> pd.DataFrame:
    """What was won in the twelve months after a day, by rep, group and month."""
    with warehouse.connect() as connection:
        return connection.execute(
            "select rep_id, group_id, date_trunc('month', closed_on) as month, "
            "sum(amount) as amount from intermediate.int_opportunities__profiled "
            "where is_won and closed_on > $cut "
            "and closed_on < cast($cut + interval 1 day + interval 12 month as date) "
            "group by all order by all",
            {"cut": cut_on},
        ).df()
