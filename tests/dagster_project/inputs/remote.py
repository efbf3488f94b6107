"""Companies whose tables come over a connection, and a pull of one of them.

Belongs here: what the tests of remote sources share. Does not belong here: tests, or the server.
"""

from __future__ import annotations

from typing import Any

import duckdb

from dagster_project.company.model import Company
from dagster_project.sources.pull import pull_table
from dagster_project.sources.result import PullResult
from dagster_project.warehouse.contract import LANDING

FILES = {
    "kind": "files",
    "folder": ".",
    "tables": {
        name: {"path": f"{name}.csv"} for name in ("accounts", "opportunities", "employees")
    },
}


def company(*sources: dict[str, Any]) -> Company:
    """Fill what these sources do not name from files that nothing here reads."""
    named = {name for source in sources for name in source["tables"]}
    rest = FILES | {"tables": {n: t for n, t in FILES["tables"].items() if n not in named}}
    return Company.model_validate(
        {
            "company": {"id": "acme", "name": "Acme"},
            "source": sources[0],
            "more_sources": [*sources[1:], rest],
        }
    )


def pull(
    con: duckdb.DuckDBPyConnection, table: str, *sources: dict[str, Any]
) -> tuple[PullResult, list[Any]]:
    result = pull_table(con, company(*sources), LANDING[table], f"raw.{table}__pulled")
    return result, con.execute(f"select * from raw.{table}__pulled order by _row").fetchall()
