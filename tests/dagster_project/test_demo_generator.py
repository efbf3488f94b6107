"""The demo company: one seed gives the same files, and every planted fact is really in them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.company.model import Company
from dagster_project.demo.generate import ensure_demo
from dagster_project.sources.pull import pull_table
from dagster_project.warehouse.contract import LANDING

SIZES = {"accounts": 600, "reps": 30, "groups": 5, "opportunities": 8000, "years": 4}


def demo(**settings: Any) -> Company:
    source = {"kind": "demo", **SIZES, **settings}
    return Company.model_validate({"company": {"id": "demo", "name": "Demo"}, "source": source})


def small(**settings: Any) -> Company:
    return demo(accounts=50, reps=10, groups=2, opportunities=500, years=2, **settings)


def bytes_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def con(home: Path) -> duckdb.DuckDBPyConnection:
    """The default demo company, landed."""
    con = duckdb.connect()
    for table in LANDING.values():
        pull_table(con, demo(), table, f"main.{table.name}", home)
    return con


@pytest.fixture(scope="module")
def planted(home: Path, con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    path = home / "demo" / "demo" / "truth" / "planted.json"
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return facts


def one(con: duckdb.DuckDBPyConnection, query: str, *parameters: Any) -> Any:
    return con.execute(query, list(parameters)).fetchall()[0][0]


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(
    tmp_path: Path, file_format: str
) -> None:
    folders = [
        ensure_demo(small(seed=seed, format=file_format), tmp_path / str(number))
        for number, seed in enumerate((1, 1, 2))
    ]
    first, same, other = map(bytes_of, folders)
    assert first == same
    assert {"generated.txt", f"accounts.{file_format}", "truth/planted.json"} <= first.keys()
    assert first[f"opportunities.{file_format}"] != other[f"opportunities.{file_format}"]


def test_files_a_user_spoilt_stay_until_the_settings_change(tmp_path: Path) -> None:
    folder = ensure_demo(small(), tmp_path)
    (folder / "accounts.csv").write_text("spoilt", encoding="utf-8")
    assert ensure_demo(small(), tmp_path) == folder
    assert (folder / "accounts.csv").read_text(encoding="utf-8") == "spoilt"
    ensure_demo(small(seed=3), tmp_path)
    assert (folder / "accounts.csv").read_text(encoding="utf-8") != "spoilt"


@pytest.mark.parametrize(("groups", "reps"), [(2, 10), (3, 10), (8, 16)])
def test_unusual_sizes_still_make_a_whole_company(tmp_path: Path, groups: int, reps: int) -> None:
    company = demo(accounts=60, reps=reps, groups=groups, opportunities=500, years=2)
    con = duckdb.connect()
    counts = {
        table.name: pull_table(con, company, table, f"main.{table.name}", tmp_path).row_count
        for table in LANDING.values()
    }
    assert (counts["accounts"], counts["opportunities"]) == (60, 500)
    assert counts["employees"] == reps + groups


def test_sizes_are_as_asked_and_records_fit_together(con: duckdb.DuckDBPyConnection) -> None:
    assert one(con, "select count(*) from accounts") == 600
    assert one(con, "select count(distinct opportunity_id) from opportunities") == 8000
    roles = "select role, count(*) from employees group by 1 order by 1"
    assert con.execute(roles).fetchall() == [("account_executive", 30), ("sales_manager", 5)]
    assert one(con, "select count(*) from opportunities anti join employees using (rep_id)") == 0
    assert one(con, "select count(*) from opportunities anti join products using (product_id)") == 0
    orphans = "select count(*) from activities anti join accounts using (account_id)"
    assert one(con, orphans) == 0


def test_nobody_works_deals_before_hire_or_after_leaving(con: duckdb.DuckDBPyConnection) -> None:
    query = """
        select count(*) from opportunities join employees using (rep_id)
        where created_at::date < hire_date or created_at::date > termination_date
    """
    assert one(con, query) == 0


def test_the_history_ends_on_its_last_day_with_a_usual_share_of_open_deals(
    con: duckdb.DuckDBPyConnection,
) -> None:
    latest = "select greatest(max(created_at), max(closed_at))::date::varchar from opportunities"
    assert one(con, latest) == "2026-06-30"
    assert 0.05 < one(con, "select avg((not is_closed)::int) from opportunities") < 0.09
    assert one(con, "select count(*) from opportunities where is_won and not is_closed") == 0
    wins = "select avg(is_won::int) from opportunities where is_closed"
    assert 0.4 < one(con, wins) < 0.6


def test_an_account_has_no_new_business_after_its_first_win(
    con: duckdb.DuckDBPyConnection,
) -> None:
    query = """
        select count(*) from opportunities as later
        join opportunities as won using (account_id)
        where won.is_won and later.revenue_type = 'new'
            and later.created_at::date > won.closed_at::date
    """
    assert one(con, query) == 0
    kinds = dict(
        con.execute("select revenue_type, count(*) from opportunities group by 1").fetchall()
    )
    assert min(kinds["new"], kinds["expansion"], kinds["renewal"]) > 500


def test_december_and_june_win_more_than_january_and_july(con: duckdb.DuckDBPyConnection) -> None:
    won = dict(
        con.execute(
            "select month(closed_at), count(*) from opportunities where is_won group by 1"
        ).fetchall()
    )
    assert min(won[12], won[6]) > 1.5 * max(won[1], won[7])


def test_the_planted_rep_wins_far_from_home_in_a_foreign_industry(
    con: duckdb.DuckDBPyConnection, planted: dict[str, Any]
) -> None:
    star = planted["counter_intuitive_strength"]
    query = """
        select count(*), avg(is_won::int) from opportunities join accounts using (account_id)
        where is_closed and industry = ? and (rep_id = ?) = ?
    """
    [(count, rate)] = con.execute(query, [star["level"], star["rep_id"], True]).fetchall()
    [(_, others)] = con.execute(query, [star["level"], star["rep_id"], False]).fetchall()
    assert count >= 60
    assert rate > others + 0.2
    prior, location = con.execute(
        "select prior_industries, location from employees where rep_id = ?", [star["rep_id"]]
    ).fetchall()[0]
    assert prior != star["level"]
    assert location == "Boston"
    home = "select avg((region = 'Northeast')::int) from accounts where industry = ?"
    assert one(con, home, star["level"]) < 0.25


def test_the_leaver_is_gone_and_still_owns_about_twenty_accounts(
    con: duckdb.DuckDBPyConnection, planted: dict[str, Any]
) -> None:
    leaver = planted["leaver"]
    owned = con.execute(
        "select account_id from accounts where owner_rep_id = ? order by 1", [leaver["rep_id"]]
    ).fetchall()
    assert [row[0] for row in owned] == leaver["account_ids"]
    assert 15 <= len(owned) <= 25
    left = "select termination_date < date '2026-06-30' from employees where rep_id = ?"
    assert one(con, left, leaver["rep_id"])


def test_the_starved_group_has_twice_the_accounts_per_full_time_rep(
    con: duckdb.DuckDBPyConnection, planted: dict[str, Any]
) -> None:
    loads = dict(
        con.execute(
            """
            select group_id, count(*) / (
                select sum(fte) from employees as e
                where e.group_id = employees.group_id and role = 'account_executive'
            )
            from accounts join employees on owner_rep_id = rep_id group by 1
            """
        ).fetchall()
    )
    starved = loads.pop(planted["starved_group_id"])
    assert starved > 1.5 * max(loads.values())


def test_one_product_sells_below_cost(
    con: duckdb.DuckDBPyConnection, planted: dict[str, Any]
) -> None:
    query = "select product_id from products where unit_cost > list_price"
    assert con.execute(query).fetchall() == [(planted["negative_margin_product_id"],)]


def test_the_faults_are_the_ones_named_and_no_others(
    con: duckdb.DuckDBPyConnection, planted: dict[str, Any]
) -> None:
    faults = planted["faults"]

    def ids(condition: str) -> list[str]:
        query = f"select opportunity_id from opportunities where {condition} order by 1"
        return [row[0] for row in con.execute(query).fetchall()]

    assert ids("account_id is null") == faults["no_account_opportunity_ids"]
    backwards = faults["closed_before_created_opportunity_ids"]
    assert ids("closed_at < created_at") == backwards
    assert ids("_issues is not null") == faults["unreadable_amount_opportunity_ids"]
    assert ids("amount is null") == faults["unreadable_amount_opportunity_ids"]
    assert len(faults["no_break_space_account_ids"]) == 3
    assert one(con, "select count(*) from accounts where contains(name, chr(160))") == 0


def test_some_accounts_have_no_or_an_unknown_owner_industry_or_size(
    con: duckdb.DuckDBPyConnection, planted: dict[str, Any]
) -> None:
    unassigned = con.execute(
        "select account_id from accounts where owner_rep_id is null order by 1"
    ).fetchall()
    assert [row[0] for row in unassigned] == planted["unassigned_account_ids"]
    unknown = con.execute(
        "select a.account_id from accounts a left join employees e on a.owner_rep_id = e.rep_id "
        "where a.owner_rep_id is not null and e.rep_id is null order by 1"
    ).fetchall()
    assert [row[0] for row in unknown] == planted["unknown_owner_account_ids"]
    assert 0 < one(con, "select count(*) from accounts where industry is null") < 60
    assert 0 < one(con, "select count(*) from accounts where employees is null") < 60


def test_the_truth_is_never_landed(home: Path, con: duckdb.DuckDBPyConnection) -> None:
    folder = home / "demo" / "demo"
    assert (folder / "truth" / "effects.json").is_file()
    tables = {row[0] for row in con.execute("show tables").fetchall()}
    assert tables == set(LANDING)
