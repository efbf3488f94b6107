"""What the pulls brought, compared with the last accepted ones and with the company's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.gates.keys import (
    KEY_PROBLEMS,
    duplicate_notes,
    key_notes,
    record_key_problems,
    unmatched_rows,
)
from dagster_project.gates.owners import accounts_of_other_roles, owner_notes
from dagster_project.gates.settings import record_unmatched_settings
from dagster_project.sources.landing import ACCEPTED, PULLS, create_records
from dagster_project.warehouse.contract import LANDING

if TYPE_CHECKING:
    import duckdb

    from dagster_project.company.model import Company

FACTS = "quality.pull_facts"


def record_facts(connection: duckdb.DuckDBPyConnection, company: Company) -> list[tuple[str, str]]:
    """Write :data:`FACTS`, one row per landing table, and the table of key problems.

    Args:
        connection: The warehouse, every table pulled.
        company: Settings that are held against the data.

    Returns:
        What people should know: table and sentence.
    """
    create_records(connection)
    record_key_problems(connection)
    settings = record_unmatched_settings(connection, company)
    limits = {
        ("accounts", "owner_rep_id"): company.gates.max_unmatched_owner_rate,
        ("opportunities", "account_id"): company.gates.max_quarantine_rate,
    }
    matches = []
    for (table, column), most in limits.items():
        present, unmatched = unmatched_rows(connection, table, column)
        matches.append(f"('{table}', {int(unmatched <= most * present)})")
    idle = sum(count for _, count in accounts_of_other_roles(connection, company))
    connection.execute(_facts_sql(", ".join(matches), idle))
    return [
        *key_notes(connection),
        *duplicate_notes(connection),
        *owner_notes(connection, company),
        *settings,
    ]


def _facts_sql(matches: str, accounts_of_other_roles: int) -> str:
    contract = ", ".join(
        f"('{table.name}', '{column}')"
        for table in LANDING.values()
        for column in table.column_names
    )
    return f"""
    create or replace table {FACTS} as
    with
    contract (table_name, column_name) as (values {contract}),
    now as (select table_name, unnest(source_columns) as column_name from {PULLS}),
    before as (select table_name, unnest(source_columns) as column_name from {ACCEPTED}),
    lost as (
        select table_name, string_agg(column_name, ', ' order by column_name) as names
        from (from before intersect from contract except from now)
        group by 1
    ),
    added as (
        select table_name, string_agg(column_name, ', ' order by column_name) as names
        from (from now except from before)
        group by 1
    ),
    matches (table_name, keys_match) as (values {matches}),
    problems as (
        select
            table_name,
            count(*) filter (problem = 'unknown_key' and suggested_key is not null) as misspelt,
            count(*) filter (problem = 'possible_duplicate') as doubles,
            count(*) filter (problem = 'unmatched_setting') as settings
        from {KEY_PROBLEMS.relation}
        group by 1
    )
    select
        pulls.table_name,
        pulls.is_absent,
        pulls.row_count,
        accepted.row_count as last_row_count,
        lost.names as lost_columns,
        case when accepted.table_name is not null and not accepted.is_absent then added.names end
            as new_columns,
        pulls.issue_count,
        pulls.fix_count,
        coalesce(problems.misspelt, 0) as misspelt_key_count,
        coalesce(problems.doubles, 0) as possible_duplicate_count,
        coalesce(problems.settings, 0) as unmatched_setting_count,
        matches.keys_match,
        case when pulls.table_name = 'accounts' then {accounts_of_other_roles} else 0 end
            as accounts_of_other_roles
    from {PULLS} as pulls
    left join {ACCEPTED} as accepted on pulls.table_name = accepted.table_name
    left join lost on pulls.table_name = lost.table_name
    left join added on pulls.table_name = added.table_name
    left join problems on pulls.table_name = problems.table_name
    left join matches on pulls.table_name = matches.table_name
    where pulls.table_name in ({", ".join(f"'{name}'" for name in LANDING)})
    order by 1
    """
