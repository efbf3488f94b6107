"""``sales-coverage check``: say in words what each table would give, before any run.

Everything is pulled into a warehouse of its own, which is thrown away; nothing is planned.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.company.load import load_company
from dagster_project.company.policy_tables import POLICY_TABLES, build_policy_tables
from dagster_project.company.yaml_file import CompanyError
from dagster_project.gates.keys import explained
from dagster_project.gates.pull_facts import FACTS, record_facts
from dagster_project.gates.record import suite_parameters
from dagster_project.gates.run import RuleResult, run_gate
from dagster_project.gates.settings import LEAST_PEOPLE
from dagster_project.runtime.settings import load_settings
from dagster_project.runtime.visible import say
from dagster_project.sources.errors import SourceError
from dagster_project.sources.landing import PULLED, accept, record_company_file, record_pull
from dagster_project.sources.pull import pull_table
from dagster_project.transform.build import build_models
from dagster_project.warehouse.contract import LANDING
from dagster_project.warehouse.duckdb_file import Warehouse, fill_table

if TYPE_CHECKING:
    import duckdb

    from dagster_project.company.model import Company

_STAGING = ("path:models/staging/crm", "path:models/staging/hr")
_SHOWN = 8


def check() -> int:
    """Print, and return 0 (a run would be let in), 1 (not so) or 2 (the company file is wrong)."""
    settings = load_settings()
    try:
        company = load_company(settings.company_path)
    except CompanyError as error:
        say(["The company file cannot be used:", str(error)], sys.stderr)
        return 2
    say([f"Checking {company.company.name} ({settings.company_path}); nothing is planned"])
    with tempfile.TemporaryDirectory() as folder:
        # dbt's parsed project holds the name of the database, which is that of the file.
        path = Path(folder) / settings.warehouse_path.name
        found, blocking = _check(company, Warehouse(path=str(path)), settings.home)
    say([*found, "", "Mend first:" if blocking else "A run would be let in."])
    if blocking:
        say(f"- {problem}" for problem in blocking)
    return 1 if blocking else 0


def _check(company: Company, warehouse: Warehouse, home: Path) -> tuple[list[str], list[str]]:
    """Pull, judge and stage as a run does; what was found, and what would block a run."""
    notes: list[str] = []
    with warehouse.connect() as connection:
        connection.execute("create schema raw")
        if unread := [*_pull(connection, company, home, notes)]:
            return [f"Note     {note}" for note in notes], unread
        notes += [f"{table}: {note}" for table, note in record_facts(connection, company)]
        results = [*_judge(connection, company)]
        accept(connection, [*LANDING, *POLICY_TABLES])
    path = Path(warehouse.path)
    selected = ["--select", *_STAGING, "--exclude-resource-type", "test"]
    built = build_models(selected, path.parent / "dbt", path)
    if broken := [f"{node.unique_id}: {node.message}" for node in built if not node.is_good]:
        return [f"Note     {note}" for note in notes], broken
    with warehouse.connect() as connection:
        found = [*_tables(connection), *_contents(connection)]
    found += [f"Note     {note}" for note in notes]
    found += [f"Warning  {r.message}" for r in results if not (r.passed or r.is_blocking)]
    return found, [r.message for r in results if r.is_blocking]


def _pull(
    connection: duckdb.DuckDBPyConnection, company: Company, home: Path, notes: list[str]
) -> Iterator[str]:
    """Land every table; yield what could not be read, so that all of it is said at once."""
    for table in LANDING.values():
        try:
            result = pull_table(connection, company, table, f"raw.{table.name}{PULLED}", home)
        except SourceError as error:
            yield str(error)
            continue
        record_pull(connection, result)
        notes += [f"{table.name}: {note}" for note in result.notes]
    for name, rows in build_policy_tables(company).items():
        fill_table(connection, POLICY_TABLES[name], rows, f"raw.{name}{PULLED}")
    record_company_file(connection, company.config_hash())


def _judge(connection: duckdb.DuckDBPyConnection, company: Company) -> Iterator[RuleResult]:
    for suite in (*LANDING, "pulls"):
        results = run_gate(
            connection,
            suite,
            FACTS if suite == "pulls" else f"raw.{suite}{PULLED}",
            parameters=suite_parameters(suite, company),
            min_rows=company.gates.min_rows.get(suite),
        )
        yield from explained(connection, results)


def _tables(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Per table: rows kept, and rows set aside by reason."""
    for name, table in LANDING.items():
        reasons = connection.execute(
            "select quarantine_reason, count(*) "
            f"from staging.quarantined_{table.system}__{name} group by 1 order by 2 desc, 1"
        ).fetchall()
        [(count,)] = connection.execute(f"select count(*) from raw.{name}").fetchall()
        aside = sum(number for _, number in reasons)
        why = ", ".join(f"{number:,} {reason.replace('_', ' ')}" for reason, number in reasons)
        if count:
            yield f"Table    {name}: {count - aside:,} rows" + (
                f", and {aside:,} set aside ({why})" if aside else ""
            )
        else:
            yield f"Table    {name}: {'not given' if table.is_optional else 'no rows'}"


def _contents(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """What the kept rows say: owners, dates, won amounts, stages, roles and groups."""

    def rows(query: str) -> list[tuple[Any, ...]]:
        return connection.execute(query).fetchall()

    [(owned, matched)] = rows(
        "select count(owner_rep_id), count(*) filter (owner_rep_id in "
        "(select rep_id from staging.stg_hr__employees)) from staging.stg_crm__accounts"
    )
    yield f"Owners   {matched:,} of {owned:,} owned accounts have an owner in HR"
    [(first, last)] = rows(
        "select min(created_on), max(greatest(created_on, coalesce(closed_on, created_on))) "
        "from staging.stg_crm__opportunities"
    )
    yield f"Dates    deals from {first} to {last}" if first else "Dates    there are no deals"
    for year, count, amount in rows(
        "select year(closed_on), count(*), sum(amount) from staging.stg_crm__opportunities "
        "where is_won group by 1 order by 1"
    ):
        yield f"Won      {year}: {count:,} deals, {amount:,.0f}"
    for title, query in {
        "Stages": "select stage, count(*) from staging.stg_crm__opportunities "
        "where not is_closed and stage is not null group by 1 order by 2 desc, 1",
        "Types": "select coalesce(revenue_type, 'not said'), count(*) "
        "from staging.stg_crm__opportunities group by 1 order by 2 desc, 1",
        **{
            title: f"select case when people >= {LEAST_PEOPLE} then {column} "
            "else 'of one person each' end, sum(people) from (select "
            f"{column}, count(*) as people from staging.stg_hr__employees group by 1) "
            "group by 1 order by 2 desc, 1"
            for title, column in (("Roles", "role"), ("Groups", "group_id"))
        },
    }.items():
        found = rows(query)
        named = ", ".join(f"{value} ({count:,})" for value, count in found[:_SHOWN])
        more = f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
        yield f"{title:<8} {named or 'none'}{more}"
