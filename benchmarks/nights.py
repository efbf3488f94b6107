"""Replayed nights on the demo company: what moves when little changes.

Belongs here: small daily changes of the demo's export, one refresh per night, a line per night.
Does not belong here: the rules that keep plans stable (dbt, ``optimization.coverage``).

Every night a few deals are opened and a few closed, the CRM carries out part of the last plan, now
and then a person moves an account by hand or a rep leaves. It prints one JSON line per night and a
summary. The move budget of the demo is for 90 days, and the first plan uses all of it;
``--move-budget-days 1`` renews it every night, which is harder on stability.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
FIRST_DAY = dt.date(2026, 7, 1)  # the demo's export ends the day before
DEALS_A_NIGHT, CLOSED_A_NIGHT = 4, 3
CARRIED_OUT_RATE, WIN_RATE = 0.3, 0.4
NIGHTS_PER_HAND_MOVE, NIGHTS_PER_LEAVER = 5, 12

Rows = list[dict[str, str]]


def main() -> int:
    """Replay the nights; 1 if a refresh failed or an account went back and forth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nights", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--move-budget-days", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        company = _company(Path(folder) / "demo", options.move_budget_days)
        nights = []
        for night in _replay(company, home, options.nights, random.Random(options.seed)):
            print(json.dumps(night), flush=True)
            nights.append(night)
        back = _went_back(home)
    summary = {
        "nights": len(nights),
        "moves": [night["moves"] for night in nights],
        "move_limits": [night["move_limit"] for night in nights],
        "over_the_limit": sum(night["moves"] > night["move_limit"] for night in nights),
        "went_back": back,
        "worst_gap": max(night["gap"] for night in nights),
        "uncovered": [night["uncovered"] for night in nights],
        "first_seconds": nights[0]["seconds"],
        "median_seconds": statistics.median(night["seconds"] for night in nights),
    }
    print(json.dumps(summary))
    return 1 if back or summary["over_the_limit"] else 0


def _company(folder: Path, move_budget_days: int | None) -> Path:
    """Copy the demo's settings, with another move budget where one is asked for."""
    shutil.copytree(REPOSITORY / "examples" / "demo", folder)
    company = folder / "company.yml"
    settings = yaml.safe_load(company.read_text(encoding="utf-8"))
    if move_budget_days is not None:
        settings["coverage"]["move_budget_days"] = move_budget_days
    company.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return company


def _replay(company: Path, home: Path, nights: int, rng: random.Random) -> Iterator[dict[str, Any]]:
    for number in range(nights):
        done: dict[str, Any] = {}
        if number:
            done = _change(home, number, rng)
        began = time.perf_counter()
        _refresh(company, home)
        seconds = time.perf_counter() - began
        with duckdb.connect(str(home / "published" / "coverage.duckdb"), read_only=True) as plan:
            [(moves, limit, uncovered, gap)] = plan.execute(
                "select moved_count, move_limit, uncovered_count, gap_rate from plan_certificates"
            ).fetchall()
            reasons = dict(
                plan.execute("select reason, count(*) from plan_changes group by 1").fetchall()
            )
        yield {
            "night": number + 1,
            "moves": moves,
            "move_limit": limit,
            "uncovered": uncovered,
            "gap": gap,
            "changes": reasons,
            **done,
            "seconds": round(seconds, 1),
        }


def _refresh(company: Path, home: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "dagster_project.commands", "refresh"],
        cwd=REPOSITORY,
        env={
            **os.environ,
            "COVERAGE_COMPANY": str(company),
            "COVERAGE_HOME": str(home),
        },
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _change(home: Path, number: int, rng: random.Random) -> dict[str, Any]:
    """Change the export as a day of business would."""
    data, day = home / "demo" / "demo", FIRST_DAY + dt.timedelta(days=number - 1)
    deals = _read(data / "opportunities.csv")
    whole = [row for row in deals if row["account_id"] and row["rep_id"] and row["amount"]]
    for index in range(DEALS_A_NIGHT):
        deal = dict(rng.choice(whole))
        deal |= {"opportunity_id": f"N{number:03d}-{index}", "created_at": f"{day} 09:00:00"}
        deal |= {"is_closed": "false", "is_won": "false", "closed_at": "", "stage": "Discovery"}
        deals.append(deal)
    for deal in rng.sample([row for row in deals if row["is_closed"] == "false"], CLOSED_A_NIGHT):
        won = rng.random() < WIN_RATE
        deal |= {"is_closed": "true", "is_won": str(won).lower(), "closed_at": f"{day} 17:00:00"}
        deal["stage"] = "Closed Won" if won else "Closed Lost"
    _write(data / "opportunities.csv", deals)

    with duckdb.connect(str(home / "published" / "coverage.duckdb"), read_only=True) as plan:
        wanted = plan.execute(
            "select account_id, to_rep_id from plan_changes where to_rep_id not like '\\_\\_%' "
            "escape '\\' order by 1"
        ).fetchall()
        reps = [
            row[0]
            for row in plan.execute(
                "select distinct rep_id from coverage_assignments "
                "where coverer_type = 'rep' order by 1"
            ).fetchall()
        ]
    carried = {account: rep for account, rep in wanted if rng.random() < CARRIED_OUT_RATE}
    accounts = _read(data / "accounts.csv")
    for row in accounts:
        row["owner_rep_id"] = carried.get(row["account_id"], row["owner_rep_id"])
    by_hand = 0
    if number % NIGHTS_PER_HAND_MOVE == 0:
        rng.choice(accounts)["owner_rep_id"] = rng.choice(reps)
        by_hand = 1
    _write(data / "accounts.csv", accounts)
    left = None
    if number % NIGHTS_PER_LEAVER == 0:
        left = rng.choice(reps)
        people = _read(data / "employees.csv")
        for row in people:
            if row["rep_id"] == left:
                row["termination_date"] = str(day)
        _write(data / "employees.csv", people)
    return {"carried_out": len(carried), "by_hand": by_hand, "left": left}


def _went_back(home: Path) -> int:
    """Accounts that a plan gave back to a rep they had left for another."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as warehouse:
        rows = warehouse.execute(
            "select count(distinct later.account_id) from history.changes as later "
            "inner join history.changes as earlier on later.account_id = earlier.account_id "
            "and earlier.number < later.number and earlier.from_rep_id = later.to_rep_id "
            "where later.origin = 'plan'"
        ).fetchall()
    return int(rows[0][0])


def _read(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _write(path: Path, rows: Rows) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    sys.exit(main())
