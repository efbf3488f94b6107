"""The landed tables as they stood on a past day, in a warehouse of their own.

What a source no longer tells stays as it is today: an open deal's amount, an account's industry and
size, an employee's group. An account's owner then is who worked on most of its last deals.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.company.policy_tables import POLICY_TABLES
from dagster_project.planning.history import HISTORY_TABLES
from dagster_project.warehouse.contract import LANDING
from dagster_project.warehouse.tables import quote_identifier, quote_text

if TYPE_CHECKING:
    import duckdb

# Whose deals tell who worked an account.
_LAST_DEALS = 3
# Rows a day later than the cut are unseen; tables that are not named here are taken as they are.
_SEEN = {
    "activities": 'cast("at" as date) <= $cut',
    "absences": "starts_on <= $cut",
    "certifications": "coalesce(valid_from, $cut) <= $cut",
    "quotas": "starts_on <= $cut",
    "stage_changes": "cast(entered_at as date) <= $cut",
}
_OPPORTUNITIES = """
with stages as (
    select opportunity_id, arg_max(stage, entered_at) as stage
    from raw.stage_changes where cast(entered_at as date) <= $cut group by 1
)
select deals.* replace (
    coalesce(deals.is_closed and cast(deals.closed_at as date) <= $cut, false) as is_closed,
    coalesce(deals.is_won and cast(deals.closed_at as date) <= $cut, false) as is_won,
    case when cast(deals.closed_at as date) <= $cut then deals.closed_at end as closed_at,
    case
        when cast(deals.closed_at as date) <= $cut then deals.stage else stages.stage
    end as stage
)
from raw.opportunities as deals
left join stages on deals.opportunity_id = stages.opportunity_id
where cast(deals.created_at as date) <= $cut
order by deals._row
"""
_ACCOUNTS = f"""
with employed as (
    select rep_id from raw.employees
    where coalesce(hire_date, $cut) <= $cut and coalesce(termination_date, $cut) >= $cut
),
last_deals as (
    select account_id, rep_id, created_at
    from raw.opportunities
    where cast(created_at as date) <= $cut and rep_id in (select rep_id from employed)
    qualify row_number() over (
        partition by account_id order by created_at desc, opportunity_id
    ) <= {_LAST_DEALS}
),
workers as (
    select account_id, rep_id
    from (
        select account_id, rep_id, count(*) as deals, max(created_at) as last_at
        from last_deals group by 1, 2
    )
    qualify row_number() over (
        partition by account_id order by deals desc, last_at desc, rep_id
    ) = 1
)
select accounts.* replace (
    coalesce(workers.rep_id, accounts.owner_rep_id) as owner_rep_id
)
from raw.accounts as accounts
left join workers on accounts.account_id = workers.account_id
where workers.account_id is not null or coalesce(cast(accounts.created_at as date), $cut) <= $cut
order by accounts._row
"""
_EMPLOYEES = """
select employees.* replace (
    case when termination_date <= $cut then termination_date end as termination_date
)
from raw.employees as employees
where coalesce(hire_date, $cut) <= $cut
order by _row
"""
_SETTINGS = "select * replace ($cut as as_of, $cut as latest_on) from raw.company_settings"
_WHOLE = {
    "opportunities": _OPPORTUNITIES,
    "accounts": _ACCOUNTS,
    "employees": _EMPLOYEES,
    "company_settings": _SETTINGS,
    # Orders of today say nothing of then.
    "overrides": "select * from raw.overrides where false",
    "freezes": "select * from raw.freezes where false",
}


def cut_tables(connection: duckdb.DuckDBPyConnection, cut_on: dt.date, path: Path) -> None:
    """Write what was known on a day into a new warehouse file.

    Args:
        connection: The warehouse of today.
        cut_on: The last day that was known.
        path: The file to write.
    """
    connection.execute(f"attach {quote_text(path)} as past")
    try:
        connection.execute("create schema past.raw")
        connection.execute("create schema past.history")
        for name in (*LANDING, *POLICY_TABLES):
            where = f" where {_SEEN[name]}" if name in _SEEN else ""
            query = _WHOLE.get(name) or f"select * from raw.{quote_identifier(name)}{where}"
            parameters = {"cut": cut_on} if "$cut" in query else {}
            connection.execute(
                f"create table past.raw.{quote_identifier(name)} as {query}", parameters
            )
        for name in HISTORY_TABLES:
            connection.execute(
                f"create table past.history.{quote_identifier(name)} as "
                f"select * from history.{quote_identifier(name)} where false"
            )
    finally:
        connection.execute("detach past")
