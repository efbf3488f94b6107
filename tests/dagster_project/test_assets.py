"""Assets, sensors and the warehouse, each by itself on a temporary home."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import pytest
import yaml
from filelock import FileLock

from dagster_project import alerts, identity
from dagster_project.company import Company
from dagster_project.contract import LANDING, create_landing_table_sql, create_table_sql
from dagster_project.landing import (
    COMPANY_FILE,
    PULLED,
    accept,
    accepted_hashes,
    record_company_file,
    record_pull,
)
from dagster_project.plan_tables import PLAN_TABLES
from dagster_project.policy_tables import POLICY_TABLES
from dagster_project.published import PUBLISHED, record_run, select_published
from dagster_project.quality import record_results, suite_parameters
from dagster_project.settings import REPOSITORY, Settings, load_settings
from dagster_project.sources import PullResult
from dagster_project.warehouse import Warehouse, WarehouseBusyError, create_table, write_frame


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(path=str(tmp_path / "warehouse.duckdb"), wait_seconds=0.2)


def rows(warehouse: Warehouse, query: str) -> list[tuple[Any, ...]]:
    with warehouse.connect() as connection:
        return connection.execute(query).fetchall()


# One refresh at a time.


@dg.asset
def touches_the_warehouse(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.execute("create or replace table touched as select 1 as one")


def test_a_run_that_waits_too_long_for_another_says_who_holds_what(warehouse):
    with (
        FileLock(f"{warehouse.path}.lock"),
        pytest.raises(dg.DagsterError) as caught,
    ):
        dg.materialize([touches_the_warehouse], resources={"warehouse": warehouse})
    reason = caught.value.__cause__
    assert isinstance(reason, WarehouseBusyError)
    assert "another refresh has held warehouse.duckdb" in str(reason)
    assert "wait for it to end, or stop it" in str(reason)


def test_a_run_waits_for_the_one_before_it(warehouse):
    patient = Warehouse(path=warehouse.path, wait_seconds=60)
    lock = FileLock(f"{warehouse.path}.lock", thread_local=False)
    lock.acquire()
    released: list[float] = []

    def release_later() -> None:
        time.sleep(0.7)
        released.append(time.monotonic())
        lock.release()

    threading.Thread(target=release_later).start()
    result = dg.materialize([touches_the_warehouse], resources={"warehouse": patient})
    assert result.success
    assert released
    assert time.monotonic() > released[0]
    assert rows(warehouse, "select one from touched") == [(1,)]


def test_a_run_gives_the_warehouse_back_whether_it_succeeds_or_fails(warehouse):
    @dg.asset
    def breaks(warehouse: Warehouse) -> None:
        raise RuntimeError("broken on purpose")

    for assets in ([breaks], [touches_the_warehouse]):
        dg.materialize(assets, resources={"warehouse": warehouse}, raise_on_error=False)
        with FileLock(f"{warehouse.path}.lock", timeout=0):
            pass


HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); input()"


def test_a_file_that_another_program_has_open_is_named_with_what_to_do(warehouse):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, warehouse.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "open\n"
        with (
            pytest.raises(
                WarehouseBusyError, match=r"warehouse\.duckdb is open in another program; close it"
            ),
            warehouse.connect(),
        ):
            pass
    finally:
        holder.communicate("\n", timeout=30)
    assert rows(warehouse, "select 1") == [(1,)]


def test_a_file_that_is_no_database_is_not_called_busy(warehouse):
    Path(warehouse.path).write_text("this is a letter to a customer\n" * 500, encoding="utf-8")
    with pytest.raises(duckdb.Error) as caught, warehouse.connect():
        pass
    assert not isinstance(caught.value, WarehouseBusyError)


def test_a_frame_is_written_with_the_declared_types_or_not_at_all(warehouse):
    types = {"rep_id": "VARCHAR", "month": "DATE", "quota_amount": "DECIMAL(18, 2)"}
    frame = pd.DataFrame(
        {"rep_id": ["E1", None], "month": ["2026-07-01", "2026-08-01"], "quota_amount": [0.1, 2.0]}
    )
    with warehouse.connect() as connection:
        write_frame(connection, "quota's", frame, types)
        assert [row[1] for row in connection.execute('describe "quota\'s"').fetchall()] == [
            "VARCHAR",
            "DATE",
            "DECIMAL(18,2)",
        ]
        with pytest.raises(ValueError, match=r"quota_amount"):
            write_frame(connection, "quota's", frame.drop(columns="quota_amount"), types)
    assert warehouse.read("quota's")["rep_id"].isna().tolist() == [False, True]


# From pulled to accepted.


def pulled(table: str, content: str) -> PullResult:
    return PullResult(table, 1, content, None, (f"{table}.csv",), 0, False)


def land(connection: duckdb.DuckDBPyConnection, names: list[str], version: int) -> None:
    connection.execute("create schema if not exists raw")
    for name in names:
        connection.execute(
            f'create or replace table raw."{name}{PULLED}" as select {version} as version'
        )


def test_accepting_swaps_all_tables_and_counts_their_rows(warehouse):
    with warehouse.connect() as connection:
        land(connection, ["a", "b"], 1)
        record_pull(connection, pulled("a", "first"))
        assert accept(connection, ["a", "b"]) == {"a": 1, "b": 1}
        assert accepted_hashes(connection) == {"a": "first"}
    names = rows(
        warehouse, "select table_name from duckdb_tables() where table_name like '%pulled'"
    )
    assert names == []


def test_accepting_is_all_or_nothing(warehouse):
    with warehouse.connect() as connection:
        land(connection, ["a", "b"], 1)
        record_pull(connection, pulled("a", "first"))
        accept(connection, ["a", "b"])
        # The next pull brought a, but not b.
        land(connection, ["a"], 2)
        record_pull(connection, pulled("a", "second"))
        with pytest.raises(duckdb.Error, match="b__pulled"):
            accept(connection, ["a", "b"])
        assert accepted_hashes(connection) == {"a": "first"}
        # The connection goes on working: nothing is left open.
        land(connection, ["b"], 2)
    assert rows(warehouse, "select (select version from raw.a), (select version from raw.b)") == [
        (1, 1)
    ]


def test_a_table_pulled_again_before_it_is_accepted_counts_once(warehouse):
    with warehouse.connect() as connection:
        land(connection, ["a"], 1)
        for content in ("first", "second"):
            record_pull(connection, pulled("a", content))
            record_company_file(connection, f"settings of {content}")
        accept(connection, ["a"])
        assert accepted_hashes(connection) == {"a": "second", COMPANY_FILE: "settings of second"}


def land_everything(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.execute("create schema raw")
        for table in LANDING.values():
            connection.execute(create_landing_table_sql(f"raw.{table.name}{PULLED}", table))
            record_pull(connection, pulled(table.name, table.name))
        for name, columns in POLICY_TABLES.items():
            connection.execute(create_table_sql(f"raw.{name}{PULLED}", columns))


@pytest.mark.usefixtures("definitions")
def test_the_swap_reports_every_table_with_its_rows(warehouse):
    from dagster_project.defs.gates import accepted_tables

    land_everything(warehouse)
    with warehouse.connect() as connection:
        connection.execute("insert into raw.accounts__pulled (account_id, name) values ('A', 'B')")
    result = dg.materialize([accepted_tables], resources={"warehouse": warehouse})
    counts = {
        event.asset_key.to_user_string(): event.metadata["dagster/row_count"].value
        for event in result.asset_materializations_for_node("accepted_tables")
    }
    assert set(counts) == {
        *(f"raw/{name}" for name in LANDING),
        *(f"policy/{name}" for name in POLICY_TABLES),
    }
    assert counts["raw/accounts"] == 1
    assert counts["raw/products"] == 0


@pytest.mark.usefixtures("definitions")
def test_the_company_file_lands_as_small_tables_with_its_hash(warehouse):
    from dagster_project.defs.ingest import company_file

    result = dg.materialize([company_file], resources={"warehouse": warehouse})
    [event] = result.asset_materializations_for_node("policy__company_file")
    assert event.metadata["groups_rows"].value == 5
    assert rows(warehouse, f"select company_id, timezone from raw.company_settings{PULLED}") == [
        ("demo", "America/New_York")
    ]
    assert rows(warehouse, "select content_hash from raw._pulls") == [
        (event.metadata["config_hash"].value,)
    ]


@pytest.mark.usefixtures("definitions")
def test_a_pull_that_cannot_succeed_is_not_tried_again(warehouse, tmp_path, monkeypatch):
    from dagster_project.defs.ingest import _build_pull

    tables = {name: {"path": f"{name}.csv"} for name in ("accounts", "opportunities", "employees")}
    acme = Company.model_validate(
        {
            "company": {"id": "acme", "name": "Acme"},
            "source": {"kind": "files", "folder": str(tmp_path), "tables": tables},
        }
    )
    (tmp_path / "accounts.csv").write_text("Id,Name\n1,Acme\n", encoding="utf-8")
    monkeypatch.setattr("dagster_project.defs.ingest.company", lambda: acme)
    result = dg.materialize(
        [_build_pull(LANDING["accounts"])],
        resources={"warehouse": warehouse},
        raise_on_error=False,
    )
    assert not result.success
    assert result.filter_events(lambda event: event.is_step_up_for_retry) == []
    [failure] = result.filter_events(lambda event: event.is_step_failure)
    words = failure.step_failure_data.user_failure_data.description
    assert "accounts.csv" in words
    assert "account_id" in words


@pytest.mark.usefixtures("definitions")
def test_a_planning_error_becomes_a_failed_step_that_is_not_tried_again():
    from dagster_project.defs.planning import _stop
    from optimization.errors import InfeasibleError, Shortfall

    error = InfeasibleError([Shortfall("hours over the limit", "rep E1", 12.0, "hours", "Unlock.")])
    failure = _stop(error)
    assert not failure.allow_retries
    assert "published plan stays as it is" in failure.description
    assert "rep E1" in failure.description
    assert "rep E1" in str(failure.metadata["shortfalls"].value)


# The identity of a plan.

INPUTS = {"accounts": "a1", "opportunities": "o1", "company_file": "c1"}


def test_the_same_ingredients_give_the_same_plan_id_in_any_order():
    name = identity.plan_id(INPUTS, "code", 7, "2026-06-30")
    backwards = dict(reversed(INPUTS.items()))
    assert identity.plan_id(backwards, "code", 7, "2026-06-30") == name
    assert len(name) == 12
    assert set(name) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    "changed",
    [
        (INPUTS | {"accounts": "a2"}, "code", 7, "2026-06-30"),
        (INPUTS | {"company_file": "c2"}, "code", 7, "2026-06-30"),
        (INPUTS | {"products": "p1"}, "code", 7, "2026-06-30"),
        ({"accounts": "o1", "opportunities": "a1", "company_file": "c1"}, "code", 7, "2026-06-30"),
        (INPUTS, "other code", 7, "2026-06-30"),
        (INPUTS, "code", 8, "2026-06-30"),
        (INPUTS, "code", 7, "2026-07-01"),
    ],
)
def test_every_ingredient_changes_the_plan_id(changed):
    assert identity.plan_id(*changed) != identity.plan_id(INPUTS, "code", 7, "2026-06-30")


@pytest.fixture
def version_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write a file into a small stand-in repository and tell the code version."""
    for folder in ("dagster_project", "optimization", "expectations", "dbt"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(identity, "REPOSITORY", tmp_path)

    def version(path: str, text: str) -> str:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return identity.code_version.__wrapped__()

    return version


@pytest.mark.parametrize(
    "path",
    [
        "optimization/coverage/model.py",
        "dagster_project/planning.py",
        "expectations/suites/accounts.json",
        "dbt/models/marts/company_goals.sql",
        "dbt/dbt_project.yml",
    ],
)
def test_a_change_of_code_rule_or_model_changes_the_code_version(version_of, path):
    assert version_of(path, "one") != version_of(path, "two")


@pytest.mark.parametrize(
    "path",
    [
        "optimization/__pycache__/model.py",
        "dbt/target/compiled/marts/company_goals.sql",
        "dbt/logs/run.yml",
        "docs/tables.md",
        "tests/test_anything.py",
    ],
)
def test_build_products_and_documents_leave_the_code_version_alone(version_of, path):
    before = version_of("optimization/model.py", "code")
    assert version_of(path, "something") == before


def test_moving_code_to_another_file_changes_the_code_version(version_of, tmp_path):
    before = version_of("optimization/a.py", "code")
    (tmp_path / "optimization" / "a.py").rename(tmp_path / "optimization" / "b.py")
    assert identity.code_version.__wrapped__() != before


# Alerts.


def test_an_alert_is_appended_to_a_file_without_any_webhook(tmp_path, monkeypatch):
    monkeypatch.delenv(alerts.WEBHOOK_VARIABLE, raising=False)
    for number in (1, 2):
        path = alerts.send(tmp_path / "home", f"Run {number} failed", ["gate_accounts: 6 rows"])
    sent = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [alert["title"] for alert in sent] == ["Run 1 failed", "Run 2 failed"]
    assert sent[0]["text"] == "Run 1 failed\ngate_accounts: 6 rows"


def test_an_alert_goes_to_the_webhook(tmp_path, monkeypatch):
    posted = []

    class Answer:
        def __enter__(self) -> Answer:
            return self

        def __exit__(self, *details: object) -> None:
            pass

    def urlopen(request: Any, timeout: float) -> Answer:
        posted.append((request.full_url, json.loads(request.data), timeout))
        return Answer()

    monkeypatch.setattr(alerts.urllib.request, "urlopen", urlopen)
    monkeypatch.setenv(alerts.WEBHOOK_VARIABLE, "https://hooks.example.com/sales")
    alerts.send(tmp_path, "Run failed", ["a fact"])
    [(address, body, timeout)] = posted
    assert address == "https://hooks.example.com/sales"
    assert body == {"title": "Run failed", "text": "Run failed\na fact"}
    assert 0 < timeout <= 60


@pytest.mark.parametrize(
    "address", ["http://hooks.example.com/sales", "file:///etc/hostname", "hooks.example.com"]
)
def test_a_webhook_that_is_not_encrypted_is_refused_and_the_alert_kept(
    tmp_path, monkeypatch, address
):
    monkeypatch.setattr(alerts.urllib.request, "urlopen", lambda *_, **__: pytest.fail("sent"))
    monkeypatch.setenv(alerts.WEBHOOK_VARIABLE, address)
    with pytest.raises(OSError, match="must start with https://"):
        alerts.send(tmp_path, "Run failed", [])
    assert "Run failed" in (tmp_path / "alerts.jsonl").read_text(encoding="utf-8")


@dg.asset
def pulled_accounts() -> None:
    pass


@dg.asset_check(asset=pulled_accounts)
def owner_is_present() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)


@dg.asset_check(asset=pulled_accounts)
def name_is_present() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@dg.asset
def broken_pull() -> None:
    raise dg.Failure("the file has no column account_id", allow_retries=False)


ENDINGS = {dg.DagsterEventType.RUN_SUCCESS, dg.DagsterEventType.RUN_FAILURE}


@pytest.fixture
def sense(definitions: dg.Definitions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a few steps, then a sensor of ours on that run; return what it gave back and sent."""
    here = Settings(tmp_path / "company.yml", tmp_path)
    monkeypatch.setattr("dagster_project.defs.automation.settings", lambda: here)
    monkeypatch.delenv(alerts.WEBHOOK_VARIABLE, raising=False)

    def run(sensor: str, assets: list[Any], checks: list[Any]) -> tuple[Any, list[dict[str, str]]]:
        small = dg.Definitions(
            assets=assets, asset_checks=checks, jobs=[dg.define_asset_job("small")]
        ).resolve_job_def("small")
        with dg.DagsterInstance.ephemeral() as instance:
            result = small.execute_in_process(instance=instance, raise_on_error=False)
            [event] = result.filter_events(lambda event: event.event_type in ENDINGS)
            context = dg.build_run_status_sensor_context(
                sensor_name=sensor,
                dagster_event=event,
                dagster_instance=instance,
                dagster_run=instance.get_run_by_id(result.run_id),
            )
            returned = definitions.resolve_sensor_def(sensor)(
                context if result.success else context.for_run_failure()
            )
        file = tmp_path / "alerts.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return returned, [json.loads(line) for line in lines]

    return run


def test_a_failed_run_is_told_by_its_steps_and_their_first_words(sense):
    _, [alert] = sense("failed_runs", [broken_pull], [])
    assert "small failed; the published plan stays as it is" in alert["title"]
    assert "broken_pull: " in alert["text"]
    assert "the file has no column account_id" in alert["text"]
    assert "Stack Trace" not in alert["text"]


def test_a_failed_warning_is_told_although_the_run_succeeded(sense):
    _, [alert] = sense("failed_warnings", [pulled_accounts], [owner_is_present, name_is_present])
    assert alert["title"].startswith("1 warning checks failed")
    assert alert["text"].splitlines()[1:] == ["pulled_accounts: owner_is_present"]


def test_a_run_whose_checks_all_passed_is_not_told(sense):
    returned, sent = sense("failed_warnings", [pulled_accounts], [name_is_present])
    assert isinstance(returned, dg.SkipReason)
    assert sent == []


# What is recorded for BI.


def rule(definitions_of: str, check: str, **facts: Any) -> Any:
    from dagster_project.gates import RuleResult

    given = {
        "severity": "warning",
        "passed": False,
        "observed": 0.5,
        "failed_count": 3,
        "failed_rate": 0.5,
        "sample_keys": ("A1", "A2"),
        "message": "in words",
        "why": "because",
        "fix": "do this",
    }
    return RuleResult(table=definitions_of, check=check, **(given | facts))


def test_the_results_of_a_gate_replace_its_earlier_ones_and_no_others(warehouse):
    with warehouse.connect() as connection:
        record_results(connection, [rule("accounts", "old"), rule("employees", "kept")])
        record_results(connection, [rule("accounts", "new", passed=True, observed=None)])
    assert rows(
        warehouse,
        "select table_name, check_name, is_passed, observed, sample_keys, reason, fix "
        "from quality.check_results order by 1",
    ) == [
        ("accounts", "new", True, None, "A1, A2", "because", "do this"),
        ("employees", "kept", False, "0.5", "A1, A2", "because", "do this"),
    ]


def test_a_suite_is_given_the_settings_it_asks_for_and_nothing_else():
    acme = Company.model_validate(
        {
            "company": {"id": "acme", "name": "Acme", "as_of": "2026-06-30"},
            "source": {"kind": "demo"},
            "capacity": {"covering_roles": ["hunter", "farmer"]},
        }
    )
    assert suite_parameters("employees", acme) == {
        "covering_roles": ["hunter", "farmer"],
        "as_of": dt.date(2026, 6, 30),
    }
    assert suite_parameters("opportunities", acme) == {"as_of": dt.date(2026, 6, 30)}
    assert suite_parameters("accounts", acme) == {}
    undated = acme.model_copy(update={"company": acme.company.model_copy(update={"as_of": None})})
    assert suite_parameters("opportunities", undated) == {}


def test_a_run_is_recorded_once_with_the_figures_of_its_plan(warehouse):
    certificate = dict.fromkeys(PLAN_TABLES["plan_certificates"].types) | {
        "plan_id": "p1",
        "objective_amount": 100.0,
        "gap_rate": 0.25,
        "moved_count": 4,
        "uncovered_count": 5,
    }
    with warehouse.connect() as connection:
        for schema in ("plan", "intermediate", "review", "marts", "quality"):
            connection.execute(f"create schema {schema}")
        write_frame(
            connection,
            "plan.plan_certificates",
            pd.DataFrame([certificate]),
            PLAN_TABLES["plan_certificates"].types,
        )
        connection.execute(
            """
            create table intermediate.int_company__calendar as select date '2026-06-30' as as_of_on;
            create table review.capacity_gaps as select unnest([1.5, 2.5]) as missing_hours;
            create table marts.quarantine_summary as select unnest([6, 3]) as row_count;
            create table quality.check_results as select unnest([true, false]) as is_passed;
            """
        )
        facts = {"run_id": "r1", "plan_id": "p1", "code_version": "c", "input_hashes": {"b": "2"}}
        for _ in range(2):
            record_run(connection, facts)
        record_run(connection, facts | {"run_id": "r2"})
    recorded = rows(warehouse, "select * exclude (finished_at) from plan.plan_runs order by run_id")
    figures = (100.0, 0.25, 4, 5, 4.0, 9, 1)
    assert recorded == [
        (run, "p1", dt.date(2026, 6, 30), "c", '{"b": "2"}', *figures) for run in ("r1", "r2")
    ]


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_table_is_sorted_by_its_key_and_names_its_plan(warehouse, name):
    key = list(PUBLISHED[name].key)
    schema, table = PUBLISHED[name].relation.split(".")
    columns = (["plan_id"] if schema == "plan" else []) + (key or ["only"])
    with warehouse.connect() as connection:
        connection.execute(f"create schema {schema}")
        body = ", ".join(f"'p1' as {c}" if c == "plan_id" else f"v as {c}" for c in columns)
        connection.execute(
            f"create table {schema}.{table} as select {body} from unnest(['b', 'c', 'a']) as t (v)"
        )
        found = connection.execute(select_published(name, "p1"))
        names, values = [column[0] for column in found.description], found.fetchall()
    assert names[0] == "plan_id"
    assert {row[0] for row in values} == {"p1"}
    if key:
        assert [row[1] for row in values] == ["a", "b", "c"]


# Where state lives.


def test_each_company_has_a_home_of_its_own_unless_told_otherwise(monkeypatch, tmp_path):
    monkeypatch.delenv("COVERAGE_HOME", raising=False)
    monkeypatch.delenv("COVERAGE_COMPANY", raising=False)
    demo = load_settings()
    assert demo.company_path == REPOSITORY / "examples" / "demo" / "company.yml"
    assert demo.home == REPOSITORY / "var"
    monkeypatch.setenv("COVERAGE_COMPANY", str(tmp_path / "acme" / "company.yml"))
    assert load_settings().home == REPOSITORY / "var" / "acme"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COVERAGE_HOME", "here")
    acme = load_settings()
    assert acme.home == tmp_path / "here"
    assert acme.warehouse_path == tmp_path / "here" / "warehouse.duckdb"
    assert acme.published_path == tmp_path / "here" / "published" / "coverage.duckdb"


def test_the_orchestrators_home_keeps_the_repositorys_settings(tmp_path):
    from dagster_project.instance import prepare_dagster_home

    settings = Settings(tmp_path / "company.yml", tmp_path / "home")
    copy = settings.dagster_home / "dagster.yaml"
    own = yaml.safe_load((REPOSITORY / "dagster.yaml").read_text(encoding="utf-8"))
    assert own["telemetry"] == {"enabled": False}
    for spoilt in (None, "telemetry: {enabled: true}\n"):
        if spoilt is not None:
            copy.write_text(spoilt, encoding="utf-8")
        prepare_dagster_home(settings)
        kept = yaml.safe_load(copy.read_text(encoding="utf-8"))
        assert {name: kept[name] for name in own} == own


def test_a_small_table_is_replaced_as_a_whole(warehouse):
    columns = POLICY_TABLES["size_bands"]
    with warehouse.connect() as connection:
        for name in ("smb", "large"):
            create_table(
                connection,
                "size_bands",
                columns,
                [{"position": 1, "name": name, "min_employees": 1}],
            )
        create_table(connection, "empty", columns)
    assert rows(warehouse, "select name from size_bands") == [("large",)]
    assert rows(warehouse, "select count(*) from empty") == [(0,)]


# The parsed dbt project.


@pytest.fixture
def parses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A stand-in dbt project that was parsed just now; returns how often it is parsed again."""
    from dagster_project import transform

    model, target = tmp_path / "models" / "m.sql", tmp_path / "target"
    for folder in (model.parent, target):
        folder.mkdir()
    model.write_text("select 1", encoding="utf-8")
    os.utime(model, (1, 1))
    metadata = {"metadata": {"dbt_version": version("dbt-core")}}
    for product in ("manifest.json", "partial_parse.msgpack"):
        (target / product).write_text(json.dumps(metadata), encoding="utf-8")
    calls: list[Any] = []
    monkeypatch.setattr(transform, "DBT_DIRECTORY", tmp_path)
    monkeypatch.setattr(transform, "MANIFEST_PATH", target / "manifest.json")
    monkeypatch.setattr(transform, "_invoke", lambda *arguments: calls.append(arguments))

    def count() -> int:
        transform.ensure_manifest()
        return len(calls)

    return count


def test_an_unchanged_dbt_project_is_not_parsed_again(parses):
    assert parses() == 0


def test_a_project_parsed_by_another_dbt_is_parsed_again(parses, tmp_path):
    manifest = tmp_path / "target" / "manifest.json"
    manifest.write_text('{"metadata": {"dbt_version": "0.1"}}', encoding="utf-8")
    assert parses() == 1


@pytest.mark.parametrize("file", ["models/m.sql", "models/new.yml", "macros/math.sql"])
def test_a_changed_or_new_dbt_file_has_the_project_parsed_again(parses, tmp_path, file):
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text("select 2", encoding="utf-8")
    later = time.time() + 10
    os.utime(path, (later, later))
    assert parses() == 1


@pytest.mark.parametrize("product", ["manifest.json", "partial_parse.msgpack"])
def test_a_missing_part_of_the_parsed_project_has_it_parsed_again(parses, tmp_path, product):
    (tmp_path / "target" / product).unlink()
    assert parses() == 1
