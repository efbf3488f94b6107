"""Where state lives and which company is planned: paths, made absolute once.

``COVERAGE_COMPANY``  the company file; default ``examples/demo/company.yml``.
``COVERAGE_HOME``     the folder of all state; default ``var/`` for the demo company and
                      ``var/<folder of the company file>/`` for any other. A refresh refuses a
                      folder that holds another company's tables.
``COVERAGE_UI_URL``   where people reach the UI, for links; default ``http://127.0.0.1:3000``.
``COVERAGE_INSTANCE_URL``  a PostgreSQL database for the orchestrator's runs and events; default:
                      files in the state folder.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DBT_DIRECTORY = REPOSITORY / "dbt"
DEMO_COMPANY = REPOSITORY / "examples" / "demo" / "company.yml"
# As in workspace.yaml: where the orchestrator finds the definitions, and what its runs belong to.
WORKSPACE = REPOSITORY / "workspace.yaml"
LOCATION_NAME = "sales_coverage"
UI_VARIABLE = "COVERAGE_UI_URL"
INSTANCE_VARIABLE = "COVERAGE_INSTANCE_URL"


@dataclass(frozen=True)
class Settings:
    """Absolute paths of one company's state."""

    company_path: Path
    home: Path

    @property
    def warehouse_path(self) -> Path:
        """The working DuckDB file; only a refresh opens it."""
        return self.home / "warehouse.duckdb"

    @property
    def published_path(self) -> Path:
        """The DuckDB file that BI tools read."""
        return self.home / "published" / "coverage.duckdb"

    @property
    def dagster_home(self) -> Path:
        """The orchestrator's own state: runs, events, schedules."""
        return self.home / "dagster"

    def export(self) -> None:
        """Hand the paths to this process and its children through the environment."""
        os.environ["COVERAGE_COMPANY"] = str(self.company_path)
        os.environ["COVERAGE_HOME"] = str(self.home)


def load_settings() -> Settings:
    """Read the two variables; relative paths count from the working directory."""
    company = Path(os.environ.get("COVERAGE_COMPANY") or DEMO_COMPANY).expanduser().resolve()
    home = os.environ.get("COVERAGE_HOME")
    if home:
        return Settings(company, Path(home).expanduser().resolve())
    state = REPOSITORY / "var"
    return Settings(company, state if company == DEMO_COMPANY else state / company.parent.name)
