"""What the pulls brought, compared with the last accepted ones, and keys that match no record.

Nothing is merged or corrected here: a near match is listed for people to decide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagster_project.sources.landing import ACCEPTED, PULLED, PULLS, create_records
from dagster_project.warehouse.contract import LANDING
from dagster_project.warehouse.tables import Column, Table

if TYPE_CHECKING:
    import duckdb

FACTS = "quality.pull_facts"
KEY_PROBLEMS = Table(
    "quality",
    "key_problems",
    "Keys that match no record, with the record that may have been meant, and records that may be "
    "one; listed, never merged. One row per column and key.",
    ("problem", "table_name", "column_name", "key_value"),
    (
        Column(
            "problem",
            "VARCHAR",
            "unknown_key (no such record) or possible_duplicate (may be one record)",
        ),
        Column("table_name", "VARCHAR", "Table that holds the key"),
        Column("column_name", "VARCHAR", "Column that holds the key"),
        Column("key_value", "VARCHAR", "The key as it is written there"),
        Column(
            "suggested_key", "VARCHAR", "Record that may have been meant; null where none is near"
        ),
        Column(
            "similarity",
            "DOUBLE",
            "1 where both differ only in case, spaces, accents or punctuation",
        ),
        Column("row_count", "BIGINT", "Rows with the key"),
    ),
)
# Unknown keys are looked up one by one; a pull with more has another problem than spelling.
MOST_KEYS = 200
NAME_OF_A_PERSON = "(a name)"
_LEAST_SIMILARITY = 0.92
_LEAST_SIMILARITY_OF_NAMES = 0.95
_MOST_NAMES = 1500


class _Reference(NamedTuple):
    table: str
    column: str
    to_table: str
    to_column: str


_REFERENCES = (
    _Reference("accounts", "owner_rep_id", "employees", "rep_id"),
    _Reference("accounts", "parent_account_id", "accounts", "account_id"),
    _Reference("opportunities", "account_id", "accounts", "account_id"),
    _Reference("opportunities", "rep_id", "employees", "rep_id"),
    _Reference("opportunities", "product_id", "products", "product_id"),
    _Reference("activities", "account_id", "accounts", "account_id"),
    _Reference("activities", "rep_id", "employees", "rep_id"),
    _Reference("employees", "manager_id", "employees", "rep_id"),
    _Reference("certifications", "rep_id", "employees", "rep_id"),
)
_LEGAL_FORMS = "(inc|llc|ltd|limited|corp|corporation|company|co|gmbh|ag|sa|sarl|bv|plc)"


def record_facts(connection: duckdb.DuckDBPyConnection) -> None:
    """Write :data:`FACTS`, one row per landing table, and :data:`KEY_PROBLEMS`.

    Args:
        connection: The warehouse, every table pulled.
    """
    create_records(connection)
    connection.execute(KEY_PROBLEMS.create_sql())
    for reference in _REFERENCES:
        connection.execute(f"insert into {KEY_PROBLEMS.relation} {_unknown_keys(reference)}")
    connection.execute(
        f"insert into {KEY_PROBLEMS.relation} {_equal_names('accounts', 'account_id')}"
    )
    connection.execute(f"insert into {KEY_PROBLEMS.relation} {_near_names('employees', 'rep_id')}")
    connection.execute(_facts_sql())


def _facts_sql() -> str:
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
    problems as (
        select
            table_name,
            count(*) filter (problem = 'unknown_key' and suggested_key is not null) as misspelt,
            count(*) filter (problem = 'possible_duplicate') as doubles
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
        coalesce(problems.doubles, 0) as possible_duplicate_count
    from {PULLS} as pulls
    left join {ACCEPTED} as accepted on pulls.table_name = accepted.table_name
    left join lost on pulls.table_name = lost.table_name
    left join added on pulls.table_name = added.table_name
    left join problems on pulls.table_name = problems.table_name
    where pulls.table_name in ({", ".join(f"'{name}'" for name in LANDING)})
    order by 1
    """


def _plain(expression: str) -> str:
    """Letters and digits only, without case and accents."""
    return f"regexp_replace(lower(strip_accents({expression})), '[^a-z0-9]', '', 'g')"


def _unknown_keys(reference: _Reference) -> str:
    """Keys without a record, each with the nearest one; none where the other table is empty.

    Keys that hold a number are compared by their letters and digits alone: E1024 is as near to
    E1025 as a misspelt name to the right one, and still another record.
    """
    table, column, to_table, to_column = reference
    # HR files may name a manager in the place of an id: a key with a space is not published.
    is_name = "contains(unknown.key_value, ' ')" if LANDING[table].is_personal else "false"
    shown = f"case when {is_name} then '{NAME_OF_A_PERSON}' else unknown.key_value end"
    return f"""
    with
    known as (
        select distinct {to_column} as key_value, {_plain(to_column)} as plain
        from raw."{to_table}{PULLED}" where {to_column} is not null
    ),
    unknown as (
        select {column} as key_value, {_plain(column)} as plain, count(*) as row_count
        from raw."{table}{PULLED}"
        where {column} is not null and exists (select 1 from known)
            and {column} not in (select key_value from known)
        group by 1
        order by 3 desc, 1
        limit {MOST_KEYS}
    ),
    near as (
        select unknown.key_value, known.key_value as suggested_key, 1.0 as similarity
        from unknown inner join known on unknown.plain = known.plain and known.plain <> ''
        union all
        select key_value, suggested_key, similarity from (
            select unknown.key_value, known.key_value as suggested_key,
                jaro_winkler_similarity(unknown.plain, known.plain) as similarity
            from unknown cross join known
            where not regexp_matches(unknown.key_value, '[0-9]')
                and unknown.plain <> known.plain
        ) where similarity >= {_LEAST_SIMILARITY}
    ),
    nearest as (
        select key_value,
            arg_max(suggested_key, similarity order by suggested_key) as suggested_key,
            max(similarity) as similarity
        from near group by 1
    )
    select 'unknown_key', '{table}', '{column}', {shown} as shown_key,
        any_value(nearest.suggested_key), any_value(nearest.similarity), sum(unknown.row_count)
    from unknown left join nearest on unknown.key_value = nearest.key_value
    group by shown_key
    order by sum(unknown.row_count) desc, shown_key
    """


def _names(table: str, key: str) -> str:
    legal = f"regexp_replace(lower(name), '[ ,]+{_LEGAL_FORMS}[.]?$', '')"
    return (
        f'select {key} as key_value, {_plain(legal)} as plain from raw."{table}{PULLED}" '
        f"where {key} is not null and length({_plain(legal)}) >= 4"
    )


def _equal_names(table: str, key: str) -> str:
    return f"""
    with named as ({_names(table, key)}),
    first as (select plain, min(key_value) as first_key from named group by 1
        having count(distinct key_value) > 1)
    select distinct 'possible_duplicate', '{table}', '{key}', key_value, first_key, 1.0, 1
    from named inner join first on named.plain = first.plain
    where key_value <> first_key
    order by key_value
    limit {MOST_KEYS}
    """


def _near_names(table: str, key: str) -> str:
    """Pairs of people whose names are equal or nearly so; ids only leave the query."""
    return f"""
    with named as ({_names(table, key)}),
    pairs as (
        select later.key_value, earlier.key_value as first_key,
            case when later.plain = earlier.plain then 1.0
                else jaro_winkler_similarity(later.plain, earlier.plain) end as similarity
        from named as later inner join named as earlier on later.key_value > earlier.key_value
            and (later.plain = earlier.plain or (select count(*) from named) <= {_MOST_NAMES})
    )
    select 'possible_duplicate', '{table}', '{key}', key_value, min(first_key),
        max(similarity), 1
    from pairs where similarity >= {_LEAST_SIMILARITY_OF_NAMES}
    group by key_value
    order by key_value
    limit {MOST_KEYS}
    """
