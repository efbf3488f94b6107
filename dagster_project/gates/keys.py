"""Keys that match no record, with the record that may have been meant, and records that may be one.

Nothing is merged or corrected here: a near match is listed for people to decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from dagster_project.runtime.visible import visible
from dagster_project.sources.landing import PULLED
from dagster_project.warehouse.contract import LANDING
from dagster_project.warehouse.tables import Column, Table

if TYPE_CHECKING:
    import duckdb

    from dagster_project.gates.run import RuleResult

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
            "unknown_key (no such record), possible_duplicate (may be one record) or "
            "unmatched_setting (a setting of the company.yml that matches no data)",
        ),
        Column("table_name", "VARCHAR", "Table that holds the key, or that a setting is about"),
        Column("column_name", "VARCHAR", "Column that holds the key, or path of the setting"),
        Column("key_value", "VARCHAR", "The key as it is written there"),
        Column(
            "suggested_key", "VARCHAR", "Record that may have been meant; null where none is near"
        ),
        Column(
            "similarity",
            "DOUBLE",
            "1 where both differ only in case, spaces, accents or punctuation",
        ),
        Column("row_count", "BIGINT", "Rows with the key; 0 for a setting"),
        Column(
            "difference",
            "VARCHAR",
            "How key and suggestion differ: case_or_punctuation, leading_zeros, "
            "15_and_18_characters, mail_address, name or spelling",
        ),
    ),
)
# Unknown keys are looked up one by one; a pull with more has another problem than spelling.
MOST_KEYS = 200
NAME_OF_A_PERSON = "(a name)"
KEYS_MATCH = "keys_match_their_records"
_LEAST_SIMILARITY = 0.92
_LEAST_SIMILARITY_OF_NAMES = 0.95
_MOST_NAMES = 1500


class _Reference(NamedTuple):
    table: str
    column: str
    to_table: str

    @property
    def to_column(self) -> str:
        [key] = LANDING[self.to_table].key
        return key


_REFERENCES = tuple(
    _Reference(table, column, to_table)
    for to_table, places in {
        "accounts": "accounts.parent_account_id opportunities.account_id activities.account_id",
        "employees": "accounts.owner_rep_id opportunities.rep_id activities.rep_id "
        "splits.rep_id employees.manager_id certifications.rep_id absences.rep_id quotas.rep_id",
        "products": "opportunities.product_id",
        "opportunities": "stage_changes.opportunity_id splits.opportunity_id",
    }.items()
    for table, _, column in (place.partition(".") for place in places.split())
)
# What two deals under two ids have in common where they are one that was entered twice.
_OF_A_DEAL = "account_id, amount, cast(closed_at as date), rep_id, currency, is_won"
# Shares of rows from which a note is written even where no key is near.
_NOTED_RATE = 0.05
_DIFFERENCES = {
    "case_or_punctuation": "in case or punctuation only",
    "leading_zeros": "in leading zeros only",
    "15_and_18_characters": "as ids of 15 and of 18 characters do",
    "mail_address": "as a mail address from its name",
    "name": "as a person's name from the id",
    "spelling": "in spelling",
}
_LEGAL_FORMS = "(inc|llc|ltd|limited|corp|corporation|company|co|gmbh|ag|sa|sarl|bv|plc)"


def record_key_problems(connection: duckdb.DuckDBPyConnection) -> None:
    """Write :data:`KEY_PROBLEMS` from all pulled tables."""
    target = KEY_PROBLEMS.relation
    connection.execute(KEY_PROBLEMS.create_sql())
    for reference in _REFERENCES:
        # Comparing keys with all records costs seconds at millions; most references hold.
        if unmatched_rows(connection, reference.table, reference.column)[1]:
            connection.execute(f"insert into {target} {_unknown_keys(reference)}")
    connection.execute(f"insert into {target} {_equal_names('accounts', 'account_id')}")
    connection.execute(f"insert into {target} {_near_names('employees', 'rep_id')}")
    connection.execute(f"insert into {target} {_LISTED_TWINS}")


def unmatched_rows(
    connection: duckdb.DuckDBPyConnection, table: str, column: str
) -> tuple[int, int]:
    """Count rows with a key, and those of them whose key matches no record.

    Returns:
        Rows with a key and rows without a record; (0, 0) where the other table is empty.
    """
    [reference] = [r for r in _REFERENCES if (r.table, r.column) == (table, column)]
    to = f'raw."{reference.to_table}{PULLED}"'
    counts = connection.execute(
        f"select count({column}), count({column}) filter ({column} not in "
        f"(select {reference.to_column} from {to} where {reference.to_column} is not null)) "
        f'from raw."{table}{PULLED}" where exists (select 1 from {to})'
    ).fetchone()
    assert counts is not None
    return counts[0], counts[1]


def key_notes(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    """Say which references fail, how often, with an example and how to mend it.

    Yields:
        Table and sentence, for references with a near key, or with many that fail.
    """
    for reference in _REFERENCES:
        present, unmatched = unmatched_rows(connection, reference.table, reference.column)
        if not unmatched:
            continue
        found = connection.execute(
            "select key_value, suggested_key, difference, "
            "count(suggested_key) over (partition by difference) "
            f"from {KEY_PROBLEMS.relation} where problem = 'unknown_key' and table_name = ? "
            "and column_name = ? order by suggested_key is null, 4 desc, row_count desc, 1 limit 1",
            [reference.table, reference.column],
        ).fetchone()
        if found is None or (found[1] is None and unmatched < _NOTED_RATE * present):
            continue
        key, suggested, difference, count = found
        text = (
            f"{reference.column}: {unmatched:,} of {present:,} rows name no record of "
            f"{reference.to_table}, such as '{visible(key, keep_lines=False)}'"
        )
        if suggested is not None:
            text += (
                f"; {count:,} keys differ {_DIFFERENCES[difference]} from a record, "
                f"'{visible(suggested, keep_lines=False)}' there"
            )
        yield reference.table, f"{text}; see key_problems"


def duplicate_notes(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    """Say how many deals look like another one under another id, and what they come to.

    Yields:
        Table and sentence.
    """
    [(count, won, amount, twin, first)] = connection.execute(
        "select count(*), count(*) filter (is_won), sum(amount) filter (is_won), "
        f"min(opportunity_id), min_by(first_id, opportunity_id) from ({_TWINS})"
    ).fetchall()
    if count:
        yield (
            "opportunities",
            f"{count:,} deals are alike to another in account, amount, closing day, rep and "
            f"outcome, such as '{visible(twin, keep_lines=False)}' to "
            f"'{visible(first, keep_lines=False)}'; {won:,} are won, for {amount or 0:,.0f}: all "
            "count until they are removed at the source; see key_problems",
        )


def explained(
    connection: duckdb.DuckDBPyConnection, results: Iterable[RuleResult]
) -> list[RuleResult]:
    """Say in the results of the pulls' rules which keys fail, with an example and what is near."""
    notes = list(key_notes(connection))
    return [
        replace(
            result,
            message=" ".join(
                [result.message, *(f"{t}.{note}." for t, note in notes if t in result.sample_keys)]
            ),
        )
        if result.check == KEYS_MATCH and not result.passed
        else result
        for result in results
    ]


def _plain(expression: str) -> str:
    """Letters and digits only, without case and accents."""
    return f"regexp_replace(lower(strip_accents({expression})), '[^a-z0-9]', '', 'g')"


def _bare(plain: str) -> str:
    """The same without zeros that lead a number."""
    return f"regexp_replace({plain}, '(^|[^0-9])0+([0-9])', '\\1\\2', 'g')"


def _unknown_keys(reference: _Reference) -> str:
    """Keys without a record, each with the nearest one; none where the other table is empty.

    Keys that hold a number are compared by their letters and digits alone: E1024 is as near to
    E1025 as a misspelt name to the right one, and still another record.
    """
    table, column, to_table = reference
    to_column = reference.to_column
    # HR files may name a manager in the place of an id: a key with a space is not published.
    is_name = "contains(unknown.key_value, ' ')" if LANDING[table].is_personal else "false"
    shown = f"case when {is_name} then '{NAME_OF_A_PERSON}' else unknown.key_value end"
    name = _plain("name") if to_table in ("employees", "accounts") else "null"
    ways = "\n        union all\n        ".join(
        f"select unknown.key_value, known.key_value, {similarity}, '{difference}' "
        f"from unknown inner join known on {condition}"
        for difference, similarity, condition in (
            ("case_or_punctuation", 1.0, "unknown.plain = known.plain and known.plain <> ''"),
            ("leading_zeros", 0.99, "unknown.bare = known.bare and known.bare <> ''"),
            (
                "15_and_18_characters",
                0.99,
                "left(unknown.key_value, 15) = left(known.key_value, 15) "
                "and length(unknown.key_value) in (15, 18) and length(known.key_value) in (15, 18)",
            ),
            (
                "mail_address",
                0.98,
                "(contains(unknown.key_value, '@') or contains(known.key_value, '@')) "
                "and unknown.local = known.local and known.local <> ''",
            ),
            ("name", 0.97, "unknown.plain = known.name and length(known.name) >= 4"),
        )
    )
    return f"""
    with
    known as (
        select distinct {to_column} as key_value, {_plain(to_column)} as plain,
            {_bare(_plain(to_column))} as bare,
            {_plain(f"split_part({to_column}, '@', 1)")} as local,
            {name} as name
        from raw."{to_table}{PULLED}" where {to_column} is not null
    ),
    unknown as (
        select {column} as key_value, {_plain(column)} as plain, {_bare(_plain(column))} as bare,
            {_plain(f"split_part({column}, '@', 1)")} as local, count(*) as row_count
        from raw."{table}{PULLED}"
        where {column} is not null and exists (select 1 from known)
            and {column} not in (select key_value from known)
        group by 1
        order by count(*) desc, 1
        limit {MOST_KEYS}
    ),
    near (key_value, suggested_key, similarity, difference) as (
        {ways}
        union all
        select key_value, suggested_key, similarity, 'spelling' from (
            select unknown.key_value, known.key_value as suggested_key,
                jaro_winkler_similarity(unknown.plain, known.plain) as similarity
            from unknown cross join known
            where not regexp_matches(unknown.key_value, '[0-9]')
                and unknown.plain <> known.plain
        ) where similarity >= {_LEAST_SIMILARITY}
    ),
    nearest as (
        select * from near
        qualify row_number() over (
            partition by key_value order by similarity desc, difference, suggested_key
        ) = 1
    )
    select 'unknown_key', '{table}', '{column}', {shown} as shown_key,
        any_value(nearest.suggested_key), any_value(nearest.similarity), sum(unknown.row_count),
        any_value(nearest.difference)
    from unknown left join nearest on unknown.key_value = nearest.key_value
    group by shown_key
    order by sum(unknown.row_count) desc, shown_key
    """


_TWINS = f"""
    select opportunity_id, first_id, amount, is_won
    from (
        select opportunity_id, amount, is_won,
            min(opportunity_id) over (partition by {_OF_A_DEAL}) as first_id
        from raw."opportunities{PULLED}"
        where is_closed and amount > 0 and opportunity_id is not null
    ) where opportunity_id <> first_id
"""
_LISTED_TWINS = f"""
    select 'possible_duplicate', 'opportunities', 'opportunity_id', opportunity_id, first_id, 1.0,
        1, null
    from ({_TWINS}) order by opportunity_id limit {MOST_KEYS}
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
    select distinct 'possible_duplicate', '{table}', '{key}', key_value, first_key, 1.0, 1, null
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
        max(similarity), 1, null
    from pairs where similarity >= {_LEAST_SIMILARITY_OF_NAMES}
    group by key_value
    order by key_value
    limit {MOST_KEYS}
    """
