"""``sales-coverage backtest``: make the plans of past years again, and say how they did."""

from __future__ import annotations

import sys

from dagster_project.backtest.tables import BACKTEST_TABLES
from dagster_project.commands.refresh import run
from dagster_project.company.load import load_company
from dagster_project.company.yaml_file import CompanyError
from dagster_project.runtime.instance import open_instance, prepare_dagster_home
from dagster_project.runtime.outcome import failed_steps
from dagster_project.runtime.settings import load_settings
from dagster_project.runtime.visible import say
from dagster_project.warehouse.duckdb_file import Warehouse

JOB = "backtest"


def run_backtest() -> int:
    """Run, print, and return 0 (made), 1 (not made) or 2 (the company file is wrong)."""
    settings = load_settings()
    settings.export()
    try:
        company = load_company(settings.company_path)
    except CompanyError as error:
        print(f"The company file cannot be used:\n{error}", file=sys.stderr)
        return 2
    if not settings.published_path.exists():
        print(
            f"There is no plan in {settings.home} to back-test; run sales-coverage refresh first.",
            file=sys.stderr,
        )
        return 1
    prepare_dagster_home(settings)
    print(f"Back-testing {company.company.name}: the plans of past years, made again")
    with open_instance(settings) as instance:
        ended = run(company, settings, instance, job=JOB)
    if not ended.success:
        say((f"- {stop}" for stop in failed_steps(ended.events, settings.home)), sys.stderr)
        return 1
    summary = BACKTEST_TABLES["plan_backtest_summary"].relation
    for sentence in Warehouse(path=str(settings.warehouse_path)).read(summary)["sentence"]:
        print(sentence)
    print("The next refresh publishes them, and only chances of levels that are calibrated.")
    return 0
