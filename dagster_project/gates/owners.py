"""Who owns accounts and wins deals without being able to: by the reason, with count and money."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dagster_project.sources.landing import PULLED

if TYPE_CHECKING:
    import duckdb

    from dagster_project.company.model import Company

# Shares from which deals of people outside HR, or in roles without quota, are worth a note.
_NOTED_RATE = 0.05
_SHOWN = 5


def owner_notes(
    connection: duckdb.DuckDBPyConnection, company: Company
) -> Iterator[tuple[str, str]]:
    """Say why owners cannot keep their accounts, and what HR leaves out.

    Args:
        connection: The warehouse, every table pulled.
        company: For the covering roles.

    Yields:
        Table and sentence.
    """
    yield from _roles_of_owners(connection, company)
    yield from _bookings_without_quota(connection, company)
    yield from _what_hr_leaves_out(connection)


def accounts_of_other_roles(
    connection: duckdb.DuckDBPyConnection, company: Company
) -> list[tuple[str, int]]:
    """Count accounts whose owner is known and has a role that does not cover.

    Returns:
        Role and number of accounts, the largest first; a role that one person has is not named.
    """
    covering = list(company.capacity.covering_roles)
    roles = ", ".join("?" for _ in covering)
    return connection.execute(
        # A role of one person may tell who it is.
        f"""
        with people as (
            select rep_id, role, count(*) over (partition by role) as people
            from raw."employees{PULLED}"
            where role not in ({roles}) and termination_date is null
        )
        select case when people.people > 1 then people.role else 'a role of one person' end,
            count(*)
        from raw."accounts{PULLED}" as accounts
        inner join people on accounts.owner_rep_id = people.rep_id
        group by 1 order by 2 desc, 1
        """,
        covering,
    ).fetchall()


def _roles_of_owners(
    connection: duckdb.DuckDBPyConnection, company: Company
) -> Iterator[tuple[str, str]]:
    rows = accounts_of_other_roles(connection, company)
    if rows:
        named = ", ".join(f"{role} ({count:,})" for role, count in rows[:_SHOWN])
        yield (
            "accounts",
            f"{sum(count for _, count in rows):,} accounts are owned by people whose role does not "
            f"cover, and count as vacant: {named}; add the role to capacity.covering_roles, or "
            "correct the owners",
        )


def _bookings_without_quota(
    connection: duckdb.DuckDBPyConnection, company: Company
) -> Iterator[tuple[str, str]]:
    """Won in the last year by people who are known and carry no quota, per type of revenue."""
    covering = list(company.capacity.covering_roles)
    roles = ", ".join("?" for _ in covering)
    rows = connection.execute(
        f"""
        with
        won as (
            select
                case when revenue_type = 'new' then 'new' else 'existing' end as kind,
                opportunities.amount,
                coalesce(people.role not in ({roles}), false) as is_without_quota
            from raw."opportunities{PULLED}" as opportunities
            left join raw."employees{PULLED}" as people on opportunities.rep_id = people.rep_id
            where opportunities.is_won and opportunities.amount > 0
                and opportunities.revenue_type is not null
                and opportunities.closed_at > (
                    select max(closed_at) - interval 1 year
                    from raw."opportunities{PULLED}" where is_won and closed_at <= current_date
                )
        )
        select kind, sum(amount) filter (is_without_quota), sum(amount) from won
        group by 1 order by 1 desc
        """,
        covering,
    ).fetchall()
    for kind, without, total in rows:
        if without is not None and without >= _NOTED_RATE * total:
            yield (
                "opportunities",
                f"{without:,.0f} of {total:,.0f} {company.company.currency} of {kind} business won "
                "in the last twelve months came from people in roles that carry no quota; their "
                "accounts' business lands in the quotas of the covering roles",
            )


def _what_hr_leaves_out(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    people, hired, left = connection.execute(
        f'select count(*), count(hire_date), count(termination_date) from raw."employees{PULLED}"'
    ).fetchall()[0]
    if people and not hired:
        yield (
            "employees",
            "there are no hire dates, so everybody counts as fully able from the first day on; map "
            "hire_date where HR has it",
        )
    deals, unknown = connection.execute(
        f"""
        select count(rep_id), count(rep_id) filter (
            rep_id not in (select rep_id from raw."employees{PULLED}" where rep_id is not null)
        ) from raw."opportunities{PULLED}"
        """
    ).fetchall()[0]
    if people and not left and unknown >= _NOTED_RATE * max(deals, 1):
        yield (
            "employees",
            f"HR seems to list active people only: it has no termination date, and {unknown:,} of "
            f"{deals:,} deals are of people it does not list; pull those who have left as well",
        )
