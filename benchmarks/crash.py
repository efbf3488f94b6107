"""``python -m benchmarks.crash``: kill -9 at random moments of a refresh, and look what is left.

Belongs here: the killing, and the refreshes after it. Does not belong here: what readers find
(``benchmarks.crash_readers``), and what any of it takes (``benchmarks.refresh``).

A trial changes the company's seed, so that a new plan is due, starts the refresh and kills it: at
a moment drawn evenly from its usual length, or, one time in three, at a moment drawn evenly from
its publishing step. After every kill

- the DuckDB file and the Parquet folder are each whole (one plan in all tables, row counts and
  hashes as the manifest says) and each is the very one from before, or the one that this refresh
  was to make (by its seed); the file never is ahead of the folder;
- the history lists the runs from before, and this one only where its file is in place.

Kills follow each other in bursts, without any repair between them. After each burst the next
refresh must succeed without any clean-up, publish both forms, add just itself to the history, and
leave nothing aside.

A refresh is a fork of this process, which has imported everything: imports write nothing, and a
trial that is killed in them shows nothing. Results are added to a file, so that slices add up.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from benchmarks.crash_readers import is_old, look, wrong_after_a_kill, wrong_after_a_refresh

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dagster as dg

ACCOUNTS, REPS, GROUPS, OPPORTUNITIES = 60, 10, 2, 500
PUBLISHING, PUBLISHING_SHARE = "published__", 1 / 3


def main() -> int:
    """Run trials and print what all of them so far found; 1 where one of them failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--burst", type=int, default=4, help="kills before a refresh may end")
    parser.add_argument("--home", type=Path, default=Path("var/benchmarks/crash"))
    arguments = parser.parse_args()
    home = arguments.home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    results = home / "results.jsonl"
    Trials(home).run(arguments.kills, arguments.burst, results)
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
        self._write_company()  # the definitions read it
        _import_everything()

    def run(self, kills: int, burst: int, results: Path) -> None:
        """Kill so many refreshes, and append a line for each trial to the results."""
        with (self.home.parent / "log").open("a", encoding="utf-8") as log:
            length, publishing = self._whole_run(log)
            killed = 0
            while killed < kills:
                rows: list[dict[str, Any]] = []
                while sum(row["killed"] for row in rows) < min(burst, kills - killed):
                    rows.append(self._trial(log, length, publishing))
                killed += sum(row["killed"] for row in rows)
                before, problems = look(self.home), []
                try:
                    length, publishing = self._whole_run(log)
                    problems = list(wrong_after_a_refresh(before, look(self.home), self.seed))
                    problems += [f"{path} was left aside" for path in self.home.glob("pl*/.*")]
                    problems += [f"{p} was left aside" for p in self.home.glob("published/*.new")]
                except RuntimeError as error:
                    problems = [str(error)]
                rows[-1]["problems"] += problems
                rows[-1]["recovered"] = not problems
                with results.open("a", encoding="utf-8") as file:
                    file.writelines(json.dumps(row) + "\n" for row in rows)

    def _trial(self, log: Any, length: float, publishing: float) -> dict[str, Any]:
        before = look(self.home)
        self._write_company()
        in_publishing = self.random.random() < PUBLISHING_SHARE
        row = self._killed_run(log, in_publishing, publishing if in_publishing else length)
        after = look(self.home)
        problems = list(wrong_after_a_kill(before, after, self.seed))
        saw = ["old" if is_old(before, after, form) else "new" for form in ("file", "folder")]
        return row | {"file": saw[0], "folder": saw[1], "problems": problems}

    def _killed_run(self, log: Any, in_publishing: bool, seconds: float) -> dict[str, Any]:
        moment = self.random.uniform(0, seconds)
        row = {"aimed_at": "publishing" if in_publishing else "any moment", "moment": moment}
        self.step_file.write_text("start", encoding="utf-8")
        child = self._start(log)
        deadline = None if in_publishing else time.monotonic() + moment
        while deadline is None or time.monotonic() < deadline:
            if os.waitpid(child, os.WNOHANG)[0]:
                return row | {"step": "ended", "killed": False}
            if deadline is None and self._step().startswith(PUBLISHING):
                deadline = time.monotonic() + moment
            time.sleep(0.002)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return row | {"step": self._step() or "start", "killed": True}

    def _step(self) -> str:
        return self.step_file.read_text(encoding="utf-8")

    def _whole_run(self, log: Any) -> tuple[float, float]:
        """Run a refresh to its end; returns its seconds, and those of its publishing step."""
        started = publishing = time.monotonic()
        self.step_file.write_text("start", encoding="utf-8")
        child = self._start(log)
        while not (ended := os.waitpid(child, os.WNOHANG))[0]:
            if not self._step().startswith(PUBLISHING):
                publishing = time.monotonic()
            time.sleep(0.005)
        code = os.waitstatus_to_exitcode(ended[1])
        if code != 0:
            raise RuntimeError(f"a refresh after kills ended with {code}; see the log")
        return time.monotonic() - started, time.monotonic() - publishing

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
        from dagster_project.commands.refresh import refresh

        def note(entry: dg.EventLogEntry) -> None:
            event = entry.dagster_event
            if event is not None and event.event_type_value == "STEP_START":
                self.step_file.write_text(str(event.step_key), encoding="utf-8")

        return refresh(listener=note)

    def _write_company(self) -> None:
        self.seed = self.random.randrange(1, 10**9)
        settings = {
            "company": {"id": "crash", "name": "Crash test", "seed": self.seed},
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


def _report(rows: list[dict[str, Any]]) -> Iterator[str]:
    killed = [row for row in rows if row["killed"]]
    bursts = [row for row in rows if "recovered" in row]
    yield (
        f"{len(killed)} refreshes killed ({sum(r['aimed_at'] == 'publishing' for r in killed)} "
        f"aimed at publishing), {len(rows) - len(killed)} more ended before their moment; "
        f"{sum(bool(row['problems']) for row in rows)} left something wrong. "
        f"{sum(row['recovered'] for row in bursts)} of {len(bursts)} refreshes after a burst "
        "succeeded without clean-up."
    )
    saw = collections.Counter((row["file"], row["folder"]) for row in killed)
    yield (
        f"Readers found the old plan {saw['old', 'old']} times, the new one {saw['new', 'new']} "
        f"times, the old file beside the new folder {saw['old', 'new']} times."
    )
    yield "| step that was killed | kills |"
    yield "| --- | ---: |"
    for step, count in collections.Counter(_stage(row["step"]) for row in killed).most_common():
        yield f"| {step} | {count} |"
    for row in rows:
        if row["problems"]:
            yield f"- {row['step']} after {row['moment']:.2f} s: {'; '.join(row['problems'])}"


def _stage(step: str) -> str:
    from benchmarks.staged import stage_of

    return "before the first step" if step == "start" else stage_of(step)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
