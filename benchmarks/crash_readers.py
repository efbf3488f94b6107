"""What a killed refresh leaves to readers, and what is wrong with it.

Belongs here: reading both published forms to the last cell, and comparing them with those from
before. Does not belong here: killing anything (``benchmarks.crash``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb


@dataclass(frozen=True)
class Form:
    """One published form: what it is made of, byte for byte, and the seed of its plan."""

    digest: str
    seed: int


@dataclass(frozen=True)
class Seen:
    """What readers find.

    Attributes:
        file: The DuckDB file.
        folder: The Parquet folder.
        runs: Runs that the file's history lists.
        faults: What is not whole.
    """

    file: Form
    folder: Form
    runs: frozenset[str]
    faults: tuple[str, ...]


def look(home: Path) -> Seen:
    """Look at both forms as readers do, and check that each of them is whole."""
    folder = (home / "published" / "current").resolve()
    text = (folder / "manifest.json").read_bytes()
    facts = json.loads(text)
    faults = []
    for name, table in facts["tables"].items():
        if hashlib.sha256((folder / table["file"]).read_bytes()).hexdigest() != table["sha256"]:
            faults.append(f"{folder.name}/{name} is not the file its manifest names")
    path = home / "published" / "coverage.duckdb"
    with duckdb.connect(str(path), read_only=True) as con:
        plan = con.execute("select plan_id from plan_certificates").fetchall()[0][0]
        tables = [
            row[0] for row in con.execute("select table_name from duckdb_tables()").fetchall()
        ]
        for table in tables:
            # Read to the last cell, so that a page that is missing is found.
            rows, _ = con.execute(f"select count(*), bit_xor(hash(t)) from {table} t").fetchall()[0]
            found = con.execute(f"select distinct plan_id from {table}").fetchall()
            if table != "plan_runs" and not {row[0] for row in found} <= {plan}:
                faults.append(f"{table} mixes plans {sorted(row[0] for row in found)}")
            if plan == facts["plan_id"] and rows != facts["tables"][table]["rows"]:
                faults.append(f"{table} has {rows} rows, unlike its manifest")
        runs = frozenset(r[0] for r in con.execute("select run_id from plan_runs").fetchall())
    if set(facts["tables"]) != set(tables):
        faults.append("the two forms hold other tables")
    # The folder of a plan is in place before its file is.
    made_of = json.loads((home / "plans" / plan / "manifest.json").read_text(encoding="utf-8"))
    return Seen(
        file=Form(hashlib.sha256(path.read_bytes()).hexdigest(), made_of["seed"]),
        folder=Form(hashlib.sha256(text).hexdigest(), facts["seed"]),
        runs=runs,
        faults=tuple(faults),
    )


def is_old(before: Seen, after: Seen, form: str) -> bool:
    """Tell whether a form is the very one from before."""
    return bool(getattr(before, form) == getattr(after, form))


def wrong_after_a_kill(before: Seen, after: Seen, seed: int) -> Iterator[str]:
    """Say what readers must never see after a kill."""
    yield from after.faults
    for form in ("file", "folder"):
        if not is_old(before, after, form) and getattr(after, form).seed != seed:
            yield f"the {form} is neither the old plan nor the new one"
    if is_old(before, after, "folder") and not is_old(before, after, "file"):
        yield "the file is ahead of the folder"
    more = after.runs - before.runs
    if not before.runs <= after.runs or len(more) > 1:
        yield f"the history went from {len(before.runs)} to {len(after.runs)} runs"
    if bool(more) == is_old(before, after, "file"):
        yield "the history does not agree with the file"


def wrong_after_a_refresh(before: Seen, after: Seen, seed: int) -> Iterator[str]:
    """Say what the refresh after a burst left that it should not have."""
    yield from after.faults
    if {after.file.seed, after.folder.seed} != {seed}:
        yield "the next refresh published no new plan"
    if not before.runs < after.runs or len(after.runs - before.runs) != 1:
        yield "the next refresh listed other runs than itself"
