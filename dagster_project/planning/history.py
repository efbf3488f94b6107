"""What earlier plans decided: the last plan and past changes of owner, as inputs of the next one.

A run starts from the plan published last, unless that plan was made of the very same pulls,
settings and code: then it starts from where that one started, so that the same input gives the same
plan to the byte however often it is run. The plan a run starts from is part of its plan id.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from dagster_project.backtest.tables import backtest_hash
from dagster_project.planning.history_copy import copy_history, restore_history
from dagster_project.planning.identity import code_version
from dagster_project.sources.landing import accepted_hashes
from dagster_project.warehouse.tables import Table, all_or_none, columns, tables_by_name

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

LAST_PLAN, LAST_BACKTEST = "last_plan", "last_backtest"
NO_PLAN = "none"


_MEANINGS = {
    "number": "Number of the plan, from 1 in the order of publication",
    "plan_id": "The plan",
    "input_key": "Hash of the pulls, settings and code it was made of",
    "started_from": "Number of the plan it started from",
    "as_of_on": "Day it was made for",
    "account_id": "Account in the CRM",
    "rep_id": "Coverer in the plan",
    "owner_rep_id": "Owner of record in the CRM when that plan was made",
    "changed_on": "Day of the plan that made or found the change",
    "from_rep_id": "Owner before",
    "to_rep_id": "Owner after",
    "origin": "plan (the plan moved it by choice), forced (a decision, a rule or a family made the "
    "plan move it) or crm (somebody moved it in the CRM)",
    "rule": "Rule of the limit",
    "group_id": "Sales group",
    "shadow_price_amount": "Value of one more unit",
}


def _table(name: str, grain: str, names: str, **types: str) -> Table:
    return Table("history", name, grain, (), columns(_MEANINGS, names, **types))


_CHANGE = "account_id changed_on from_rep_id to_rep_id origin"
# What dbt reads; made anew by every run.
HISTORY_TABLES: dict[str, Table] = tables_by_name(
    _table(
        LAST_PLAN,
        "The published plan this run starts from, one row per account; empty before the first "
        "plan.",
        "account_id rep_id owner_rep_id",
    ),
    _table(
        "past_changes",
        "Changes of owner that earlier plans made or found in the CRM, one row per change.",
        _CHANGE,
    ),
)
# What publishing keeps.
RECORDS = (
    _table(
        "plans",
        "Published plans, one row per plan.",
        "number plan_id input_key started_from as_of_on",
        number="BIGINT",
        started_from="BIGINT",
    ),
    _table(
        "assignments",
        "Coverers of the last plans, one row per plan and account.",
        "number account_id rep_id owner_rep_id",
        number="BIGINT",
    ),
    _table(
        "changes",
        "Changes of owner, one row per plan and change.",
        f"number {_CHANGE}",
        number="BIGINT",
    ),
    _table(
        "prices",
        "Prices of limits, one row per plan and limit.",
        "number rule rep_id group_id shadow_price_amount",
        number="BIGINT",
    ),
)
# Plans whose assignments and prices are kept: the last one, and the one it started from.
_KEPT = 2


def prepare_history(connection: duckdb.DuckDBPyConnection) -> tuple[str, str | None]:
    """Write the last plan and the changes before it as tables for dbt.

    Returns:
        plan_id of the plan this run starts from, ``none`` before the first; and what people should
        know where the record was lost with the warehouse.
    """
    _create_records(connection)
    note = restore_history(connection, RECORDS)
    number, plan_id = _start(connection)
    for table in HISTORY_TABLES.values():
        connection.execute(table.create_sql())
    connection.execute(
        "insert into history.last_plan select account_id, rep_id, owner_rep_id "
        "from history.assignments where number = ? order by account_id",
        [number],
    )
    connection.execute(
        "insert into history.past_changes "
        "select account_id, changed_on, from_rep_id, to_rep_id, origin "
        "from history.changes where number <= ? order by number, account_id, origin",
        [number],
    )
    return plan_id, note


def _create_records(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema if not exists history")
    for table in RECORDS:
        connection.execute(table.create_sql(keep=True))


def last_prices(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Prices of the limits in the plan this run starts from; empty before the first."""
    _create_records(connection)  # a home of before prices were kept
    return connection.execute(
        "select rule, rep_id, group_id, shadow_price_amount from history.prices "
        "where number = ? order by all",
        [_start(connection)[0]],
    ).df()


def plan_hashes(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Everything a plan follows from: accepted tables, the plan it starts from, the back-test."""
    return {
        **accepted_hashes(connection),
        LAST_PLAN: _start(connection)[1],
        LAST_BACKTEST: backtest_hash(connection),
    }


def record_plan(connection: duckdb.DuckDBPyConnection, plan_id: str) -> None:
    """Remember a published plan; the same plan published again replaces itself.

    An account that somebody moved in the CRM since the plan before counts as changed, too.
    """
    started_from, _ = _start(connection)
    number = started_from + 1
    with all_or_none(connection):
        for table in ("plans", "assignments", "changes", "prices"):
            # A plan that starts from an earlier one than the last replaces the last.
            connection.execute(f"delete from history.{table} where number >= ?", [number])
        connection.execute(
            "insert into history.plans select ?, ?, ?, ?, as_of_on from marts.plan_calendar",
            [number, plan_id, _input_key(connection), started_from],
        )
        connection.execute(
            "insert into history.assignments select ?, account_id, rep_id, previous_rep_id "
            "from plan.coverage_assignments order by account_id",
            [number],
        )
        connection.execute(_CHANGES, {"number": number, "before": started_from})
        connection.execute(
            "insert into history.prices select ?, rule, rep_id, group_id, shadow_price_amount "
            "from plan.shadow_prices order by all",
            [number],
        )
        for table in ("assignments", "prices"):
            connection.execute(f"delete from history.{table} where number <= ?", [number - _KEPT])
    copy_history(connection, RECORDS)


_CHANGES = """
insert into history.changes
with today as (select as_of_on from marts.plan_calendar),
by_hand as (
    select plan.account_id, last.rep_id as from_rep_id, plan.present_rep_id as to_rep_id, 'crm' as o
    from plan.coverage_assignments as plan
    inner join history.assignments as last
        on plan.account_id = last.account_id and last.number = $before
    where plan.present_rep_id <> last.rep_id
),
by_plan as (
    select
        plan.account_id, plan.present_rep_id as from_rep_id, plan.rep_id as to_rep_id,
        case when plan.is_forced_move then 'forced' else 'plan' end as o
    from plan.coverage_assignments as plan
    where plan.is_moved
)
select $number, account_id, as_of_on, from_rep_id, to_rep_id, o
from (select * from by_hand union all select * from by_plan) as changes
cross join today
order by account_id, o
"""


def _start(connection: duckdb.DuckDBPyConnection) -> tuple[int, str]:
    """Number and id of the plan this run starts from; 0 and ``none`` before the first."""
    rows = connection.execute(
        "select number, plan_id, input_key, started_from from history.plans order by number desc"
    ).fetchall()
    if not rows:
        return 0, NO_PLAN
    number, plan_id, input_key, started_from = rows[0]
    if input_key != _input_key(connection):
        return int(number), str(plan_id)
    names = {int(row[0]): str(row[1]) for row in rows}
    return int(started_from), names.get(int(started_from), NO_PLAN)


def _input_key(connection: duckdb.DuckDBPyConnection) -> str:
    parts = {"accepted": accepted_hashes(connection), "code": code_version()}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
