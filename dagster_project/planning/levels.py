"""Between warehouse and the estimate of the company's level: tables, reading, writing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dagster_project.warehouse.duckdb_file import Warehouse, write_frame
from dagster_project.warehouse.tables import Table, tables_by_name
from optimization.policy import QuotaPolicy

if TYPE_CHECKING:
    from optimization.company_level import CompanyLevel

LEVEL_INPUT = "account_years"


_table = partial(Table.of, "levels")
LEVEL_TABLES: dict[str, Table] = tables_by_name(
    _table(
        "company_level",
        "What the company is expected to win in the next twelve months, its large accounts apart, "
        "and how sure that is, one row per revenue type.",
        ("revenue_type",),
        {
            "revenue_type": ("VARCHAR", "new or existing (renewal and expansion)"),
            "level_amount": ("DOUBLE", "Expected of the next twelve months, large accounts apart"),
            "last_year_amount": ("DOUBLE", "Won in the last twelve months, large accounts apart"),
            "year_count": ("BIGINT", "Whole past years it is estimated from"),
            "growth_rate": ("DOUBLE", "Growth a year that is expected, held in the level"),
            "error_rate": (
                "DOUBLE",
                "Standard deviation of the next year over the level: error of level and growth, "
                "and the year's own shock",
            ),
            "sentence": ("VARCHAR", "The level's evidence in words"),
        },
    ),
    _table(
        "large_accounts",
        "Accounts that brought a tenth of a year and more, or bought a deal beyond the usual: "
        "their own history counts for them, and changes nobody else's amount, one row per account.",
        ("account_id",),
        {
            "account_id": ("VARCHAR", "Account in the CRM"),
            "own_amount": (
                "DOUBLE",
                "What it bought in a year of the last three, grown as others have",
            ),
            "own_weight": ("DOUBLE", "Weight of that beside what accounts of its kind buy"),
            "share": ("DOUBLE", "Its share of the company's last twelve months"),
            "largest_deal_amount": ("DOUBLE", "Its largest deal"),
        },
    ),
)
_FIELDS = {"company_level": "table", "large_accounts": "large"}


def estimate_levels(warehouse: Warehouse) -> CompanyLevel:
    """Estimate what the company and its large accounts are expected to win, and write it.

    Raises:
        optimization.errors.DataError: An account's year is doubled or negative.
    """
    from optimization.company_level import company_level

    level = company_level(warehouse.read(f"marts.{LEVEL_INPUT}"), QuotaPolicy().shared_shock_rate)
    with warehouse.connect() as connection:
        connection.execute("create schema if not exists levels")
        for name, table in LEVEL_TABLES.items():
            write_frame(connection, table, getattr(level, _FIELDS[name]))
    return level
