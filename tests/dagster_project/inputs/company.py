"""A small healthy company as CSV rows, and a way through landing, gates and staging.

Belongs here: the healthy rows and the judge that every test of bad input goes through. Does not
belong here: the bad inputs.
"""

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dagster_project.company.model import Company
from dagster_project.company.policy_tables import POLICY_TABLES, build_policy_tables
from dagster_project.gates.keys import KEY_PROBLEMS
from dagster_project.gates.pull_facts import FACTS, record_facts
from dagster_project.gates.record import suite_parameters
from dagster_project.gates.run import run_gate
from dagster_project.sources.errors import SourceError
from dagster_project.sources.landing import (
    ACCEPTED,
    PULLED,
    accept,
    create_records,
    record_company_file,
    record_pull,
)
from dagster_project.sources.pull import pull_table
from dagster_project.warehouse.contract import LANDING
from dagster_project.warehouse.duckdb_file import Warehouse, fill_table

Rows = list[dict[str, str]]
STAGED = {name: f"{table.system}__{name}" for name, table in LANDING.items()}


def healthy() -> dict[str, Rows]:
    """Rows by table: 30 accounts, 120 deals, 24 reps with a manager, and the optional tables."""
    accounts = [
        {
            "account_id": f"A{i:03}",
            "name": f"Customer {word}",
            "parent_account_id": "",
            "industry": ("mining", "retail")[i % 2],
            "employees": str(10 + 40 * i),
            "owner_rep_id": f"R{i % 12:02}",
            "created_at": "2020-01-01",
        }
        for i, word in enumerate(_words(30))
    ]
    opportunities = []
    for i in range(120):
        closed = i % 6 != 5
        opportunities.append(
            {
                "opportunity_id": f"O{i:04}",
                "account_id": f"A{i % 30:03}",
                "rep_id": f"R{i % 12:02}",
                "product_id": ("core", "plus", "max")[i % 3],
                "revenue_type": ("new", "renewal")[i % 2],
                "stage": "Closed" if closed else "Open",
                "is_closed": str(closed).lower(),
                "is_won": str(closed and i % 2 == 0).lower(),
                "amount": str(1000 + 10 * i),
                "created_at": f"2024-{1 + i % 12:02}-01",
                "closed_at": f"2025-{1 + i % 12:02}-15" if closed else "",
                "currency": "USD",
            }
        )
    employees = [
        {
            "rep_id": f"R{i:02}",
            "name": f"{word} {word[::-1]}",
            "role": "account_executive",
            "group_id": ("north", "south")[i % 2],
            "manager_id": "M01",
            "hire_date": "2019-05-01",
            "termination_date": "",
            "fte": "1",
        }
        for i, word in enumerate(_words(24))
    ]
    employees.append(
        employees[0]
        | {"rep_id": "M01", "name": "Quill Yonder", "role": "sales_manager", "manager_id": ""}
    )
    return {
        "accounts": accounts,
        "opportunities": opportunities,
        "employees": employees,
        "products": [
            {"product_id": name, "name": name, "list_price": "100", "unit_cost": "40"}
            for name in ("core", "plus", "max", *(f"part_{i}" for i in range(27)))
        ],
        "activities": [
            {"account_id": "A001", "rep_id": "R01", "type": "call", "at": "2025-02-03 10:00:00"}
            for _ in range(12)
        ],
        "certifications": [
            {
                "rep_id": "R01",
                "certification": "safety",
                "valid_from": "2024-01-01",
                "valid_to": "2027-01-01",
            }
        ],
        "splits": [
            {"opportunity_id": "O0000", "rep_id": rep, "share": "0.5"} for rep in ("R00", "R01")
        ],
        "absences": [
            {
                "rep_id": f"R{i:02}",
                "starts_on": "2026-03-01",
                "ends_on": "2026-04-30",
                "absent_share": "0.5",
            }
            for i in range(2)
        ],
        "quotas": [
            {"rep_id": f"R{i:02}", "starts_on": "2026-01-01", "month_count": "12", "amount": "9000"}
            for i in range(12)
        ],
    }


def _words(count: int) -> list[str]:
    """Made-up words with little in common, so that no two names are near."""
    draw = random.Random(20260701)
    return ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=9)) for _ in range(count)]


def as_csv(rows: Rows) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@dataclass
class Judgement:
    """What became of one variant of the company.

    Attributes:
        blocked_by: Names of blocking rules that failed, or the words of a refused pull.
        warnings: Names of warning rules that failed.
        reasons: Per table, the reason by row number of the rows set aside.
        fixes: Per table, the notes by row number of the rows that are staged.
        counts: Per table, rows pulled, staged and set aside.
        problems: Keys listed for people to look at: problem, table, key, suggestion.
        notes: What was found out of the files, and cells that could not be read.
    """

    blocked_by: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    reasons: dict[str, dict[int, str]] = field(default_factory=dict)
    fixes: dict[str, dict[int, str]] = field(default_factory=dict)
    counts: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    problems: list[tuple[str, str, str, str | None]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def company_of(folder: Path, settings: dict[str, Any] | None = None) -> Company:
    facts: dict[str, Any] = {
        "company": {"id": "acme", "name": "Acme", "currency": "USD", "as_of": "2026-01-31"},
        "source": {
            "kind": "files",
            "folder": str(folder),
            "tables": {name: {"path": f"{name}.csv"} for name in healthy()},
        },
    }
    for section, values in (settings or {}).items():
        is_section = isinstance(values, dict)
        facts[section] = facts.get(section, {}) | values if is_section else values
    return Company.model_validate(facts)


def write_files(folder: Path, tables: dict[str, Rows | bytes]) -> None:
    folder.mkdir(exist_ok=True)
    for name, content in tables.items():
        data = content if isinstance(content, bytes) else as_csv(content)
        (folder / f"{name}.csv").write_bytes(data)


def judge(warehouse: Warehouse, company: Company, suites: set[str]) -> Judgement:
    """Pull, compare, judge by these suites, accept and stage; stop where the real job stops."""
    judgement = Judgement()
    with warehouse.connect() as con:
        con.execute("create schema if not exists raw")
        for table in LANDING.values():
            try:
                pulled = pull_table(con, company, table, f"raw.{table.name}{PULLED}")
            except SourceError as error:
                judgement.blocked_by.append(str(error))
                return judgement
            record_pull(con, pulled)
            judgement.notes += pulled.notes
        for name, rows in build_policy_tables(company).items():
            fill_table(con, POLICY_TABLES[name], rows, f"raw.{name}{PULLED}")
        record_company_file(con, company.config_hash())
        judgement.notes += [note for _, note in record_facts(con, company)]
        judgement.problems = [
            (row[0], row[1], row[2], row[3])
            for row in con.execute(
                f"select problem, table_name, key_value, suggested_key from {KEY_PROBLEMS.relation}"
            ).fetchall()
        ]
        for suite in sorted(suites):
            relation = FACTS if suite == "pulls" else f"raw.{suite}{PULLED}"
            for result in run_gate(
                con, suite, relation, parameters=suite_parameters(suite, company)
            ):
                if not result.passed:
                    found = judgement.blocked_by if result.is_blocking else judgement.warnings
                    found.append(result.check)
        if judgement.blocked_by:
            return judgement
        accept(con, [*LANDING, *POLICY_TABLES])
        for name, model in STAGED.items():
            base = f"staging.base_{model}"
            (raw,) = con.execute(f"select count(*) from raw.{name}").fetchall()[0]
            (staged,) = con.execute(f"select count(*) from staging.stg_{model}").fetchall()[0]
            aside = con.execute(
                f"select _row, quarantine_reason from staging.quarantined_{model}"
            ).fetchall()
            judgement.counts[name] = (raw, staged, len(aside))
            judgement.reasons[name] = dict(aside)
            judgement.fixes[name] = dict(
                con.execute(
                    f"select _row, concat_ws('; ', _fixes, _issues) from {base} "
                    "where quarantine_reason is null and coalesce(_fixes, _issues) is not null"
                ).fetchall()
            )
    return judgement


def forget_pulls(warehouse: Warehouse) -> None:
    """Make the next pull the first one."""
    with warehouse.connect() as con:
        create_records(con)
        con.execute(f"delete from {ACCEPTED}")
