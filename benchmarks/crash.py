"""``python -m benchmarks.crash``: kill -9 at random moments of a refresh, and look what is left.

Belongs here: the killing, and what a reader and the next run find after it. Does not belong here:
what any of it takes (``benchmarks.refresh``).

Every trial changes the company's seed, so that a new plan is due, starts the refresh, kills it at
a moment drawn evenly from its usual length, and checks that

- the DuckDB file and the Parquet folder are each whole (one plan id in all tables, row counts and
  hashes as the manifest says) and hold the old plan or the new one;
- the next refresh succeeds without any clean-up and publishes the new plan, and its history lists
  published runs only.

A refresh is a fork of this process, which has imported everything: imports write nothing, and a
trial that is killed in them shows nothing. Results are added to a file, so that slices add up.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import hashlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dagster as dg

ACCOUNTS, REPS, GROUPS, OPPORTUNITIES = 60, 10, 2, 500


def main() -> int:
    """Run trials and print what all of them so far found; 1 where one of them failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--home", type=Path, default=Path("var/benchmarks/crash"))
    arguments = parser.parse_args()
    home = arguments.home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    results = home / "results.jsonl"
    Trials(home).run(arguments.trials, results)
    rows = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    print("\n".join(_report(rows)))
    return 1 if any(row["problems"] for row in rows) else 0


class Trials:
    """One home in which refreshes are killed, again and again."""

    def __init__(self, home: Path) -> None:
        self.company, self.home = home / "company.yml", home / "state"
        self.step_file = home / "step"
        os.environ |= {"COVERAGE_COMPANY": str(self.company), "COVERAGE_HOME": str(self.home)}
        self.random = random.Random(time.time_ns())
        self._write_company(0)
        self.repeated = 0
        _import_everything()

    def run(self, trials: int, results: Path) -> None:
        """Run trials, and append a line for each to the results."""
        with (self.home.parent / "log").open("a") as log:
            seconds = self._whole_run(log)
            self.repeated = repeated_plans(self.home)
            for _ in range(trials):
                old = published_plan(self.home)
                self._write_company(self.random.randrange(1, 10**9))
                row = self._killed_run(log, seconds)
                problems = list(broken(self.home, None, self.repeated))
                seen = published_plan(self.home)
                try:
                    seconds = self._whole_run(log)
                except RuntimeError as error:
                    problems.append(str(error))
                new = published_plan(self.home)
                if new == old:
                    problems.append("the next refresh published no new plan")
                if seen not in (old, new):
                    problems.append(f"plan {seen} is neither the old nor the new one")
                self.repeated += seen == new
                problems += broken(self.home, {new}, self.repeated)
                row |= {"saw": "old" if seen == old else "new", "problems": problems}
                with results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")

    def _killed_run(self, log: Any, seconds: float) -> dict[str, Any]:
        moment = self.random.uniform(0, seconds)
        self.step_file.write_text("start", encoding="utf-8")
        child = self._start(log)
        deadline = time.monotonic() + moment
        while time.monotonic() < deadline:
            if os.waitpid(child, os.WNOHANG)[0]:
                return {"moment": moment, "step": "ended", "killed": False}
            time.sleep(0.001)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        step = self.step_file.read_text(encoding="utf-8")
        return {"moment": moment, "step": step or "start", "killed": True}

    def _whole_run(self, log: Any) -> float:
        started = time.monotonic()
        _, status = os.waitpid(self._start(log), 0)
        code = os.waitstatus_to_exitcode(status)
        if code != 0:
            raise RuntimeError(f"a refresh after a kill ended with {code}; see the log")
        return time.monotonic() - started

    def _start(self, log: Any) -> int:
        log.flush()
        child = os.fork()
        if child:
            return child
        try:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            os._exit(self._refresh())
        finally:
            os._exit(99)

    def _refresh(self) -> int:
        from dagster_project import context, refresh

        context.company.cache_clear()
        run = refresh.run

        def watched(instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
            def note(entry: dg.EventLogEntry) -> None:
                event = entry.dagster_event
                if event is not None and event.event_type_value == "STEP_START":
                    self.step_file.write_text(str(event.step_key), encoding="utf-8")

            return run(instance, listener=note)

        refresh.run = watched  # type: ignore[assignment]
        return refresh.main()

    def _write_company(self, seed: int) -> None:
        settings = {
            "company": {"id": "crash", "name": "Crash test", "seed": seed},
            "source": {
                "kind": "demo",
                "accounts": ACCOUNTS,
                "reps": REPS,
                "groups": GROUPS,
                "opportunities": OPPORTUNITIES,
            },
        }
        self.company.write_text(yaml.safe_dump(settings), encoding="utf-8")


def _import_everything() -> None:
    import cvxpy  # noqa: F401
    import dbt.cli.main  # noqa: F401
    import great_expectations  # noqa: F401

    from dagster_project.definitions import defs

    defs()


def published_plan(home: Path) -> str | None:
    """Name the plan in the DuckDB file, None before the first one."""
    path = home / "published" / "coverage.duckdb"
    if not path.exists():
        return None
    with duckdb.connect(str(path), read_only=True) as con:
        return str(con.execute("select plan_id from plan_certificates").fetchall()[0][0])


def repeated_plans(home: Path) -> int:
    """Count the runs that published a plan another run had published already."""
    with duckdb.connect(str(home / "published" / "coverage.duckdb"), read_only=True) as con:
        query = "select count(*) - count(distinct plan_id) from plan_runs"
        return int(con.execute(query).fetchall()[0][0])


def broken(home: Path, allowed: set[str | None] | None, most_repeated: int) -> Iterator[str]:
    """Find what a reader must never see.

    Args:
        home: State folder.
        allowed: Plans that may be published; None where it is not known yet.
        most_repeated: Runs that may have published a plan again: one for every refresh that had
            published before it was killed.

    Yields:
        One line per problem.
    """
    path = home / "published" / "coverage.duckdb"
    plan = published_plan(home)
    if plan is None:
        return
    if allowed is not None and plan not in allowed:
        yield f"the file holds plan {plan}"
    with duckdb.connect(str(path), read_only=True) as con:
        tables = [
            row[0] for row in con.execute("select table_name from duckdb_tables()").fetchall()
        ]
        for table in tables:
            if table == "plan_runs":
                continue
            found = {r[0] for r in con.execute(f"select distinct plan_id from {table}").fetchall()}
            if not found <= {plan}:
                yield f"{table} mixes plans {sorted(found)}"
    unexpected = repeated_plans(home) - most_repeated
    if unexpected > 0:
        yield f"the history lists {unexpected} runs that published nothing"
    folder = (home / "published" / "current").resolve()
    facts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    if facts["plan_id"] != folder.name:
        yield f"{folder.name} holds the manifest of {facts['plan_id']}"
    if set(facts["tables"]) != set(tables):
        yield "the two forms hold other tables"
    for name, table in facts["tables"].items():
        digest = hashlib.sha256((folder / table["file"]).read_bytes()).hexdigest()
        if digest != table["sha256"]:
            yield f"{folder.name}/{name} is not the file its manifest names"


def _report(rows: list[dict[str, Any]]) -> Iterator[str]:
    killed = [row for row in rows if row["killed"]]
    wrong = [row for row in rows if row["problems"]]
    yield (
        f"{len(killed)} refreshes killed ({len(rows) - len(killed)} ended before their moment); "
        f"{len(wrong)} left something wrong."
    )
    saw = collections.Counter(row["saw"] for row in killed)
    yield f"Readers found the old plan {saw['old']} times, the new one {saw['new']} times."
    yield "| step that was killed | kills |"
    yield "| --- | ---: |"
    for step, count in collections.Counter(_stage(row["step"]) for row in killed).most_common():
        yield f"| {step} | {count} |"
    for row in wrong:
        yield f"- {row['step']} after {row['moment']:.2f} s: {'; '.join(row['problems'])}"


def _stage(step: str) -> str:
    from benchmarks.staged import stage_of

    return "before the first step" if step == "start" else stage_of(step)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
