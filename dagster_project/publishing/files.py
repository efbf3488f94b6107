"""Publishing: replace what BI reads by a new plan, whole or not at all.

Everything is built and synced aside first, and then put in place by renames, so that a reader
sees either the old plan or the new one, and a failure leaves the old one as it was.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.publishing.disk import advice
from dagster_project.runtime.private import ReadableBy, published_file_mode, published_to
from dagster_project.warehouse.tables import all_or_none, quote_text

# Readable by DuckDB clients from 1.2 on; the default of a newer writer is refused by older ones.
STORAGE_VERSION = "v1.2.0"
# Lies in a plan's folder until both forms show the plan; ``plans`` finds what was cut off by it.
NOT_CURRENT_YET = "not-current-yet"
_CATALOG = "publication"
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class PublishError(Exception):
    """Nothing new was published; readers still see the last plan."""


@dataclass(frozen=True)
class PublishResult:
    """What was published.

    Attributes:
        database_path: The DuckDB file.
        plan_path: The plan's folder of Parquet files.
        row_counts: Rows per table.
        content_hashes: SHA-256 of each table's Parquet file; equal rows give equal hashes.
        removed_plans: Plans that were older than the ones kept.
    """

    database_path: Path
    plan_path: Path
    row_counts: dict[str, int]
    content_hashes: dict[str, str]
    removed_plans: tuple[str, ...]


def publish(
    con: duckdb.DuckDBPyConnection,
    tables: Mapping[str, str],
    *,
    home: Path,
    plan_id: str,
    manifest: Mapping[str, Any],
    comments: Mapping[str, Mapping[str, str]] | None = None,
    contracts: Mapping[str, Mapping[str, str]] | None = None,
    keep_plans: int = 30,
    readable_by: ReadableBy = "everyone",
    serve_too: Callable[[], object] | None = None,
) -> PublishResult:
    """Publish tables as ``published/coverage.duckdb`` and ``plans/<plan_id>/*.parquet``.

    Args:
        con: Open connection that sees what the tables select from.
        tables: Per published name a SELECT, sorted by its key, or the name of a relation.
        home: Folder that holds ``published`` and ``plans``.
        plan_id: Identity of the plan. Publishing it again makes another folder, ``<plan_id>.2``,
            and keeps the one before it until the next time, for readers that are in it.
        manifest: Facts to write beside the tables' own, for example input hashes.
        comments: Per published name the meaning of its columns.
        contracts: Per published name the type by column that readers were promised.
        keep_plans: How many plan folders stay, the newest and always the current one.
        readable_by: Whose users may read what is published: everyone's, the group's, the owner's.
        serve_too: Called when all files are ready and before any is put in place; whatever it
            raises leaves the files as they were.

    Returns:
        Where it is and what is in it.

    Raises:
        PublishError: If anything could not be read or written, or breaks its contract.
        ValueError: If a name cannot be a file name, or ``keep_plans`` is less than one.
    """
    for name in (plan_id, *tables):
        if not _SAFE_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a name of letters, digits, '_' and '-'")
    if keep_plans < 1:
        raise ValueError(f"keep_plans is {keep_plans}; at least the current plan is kept")
    site = _Site(home, plan_id)
    with _explained(site), published_to(home, readable_by):
        site.published.mkdir(parents=True, exist_ok=True)
        site.new_plan.mkdir(parents=True)
        facts = _build(con, tables, comments or {}, contracts or {}, site)
        database = {"file": site.database.name, "sha256": sha256_of(site.new_database)}
        text = json.dumps(
            {**manifest, "plan_id": plan_id, "tables": facts, "database": database},
            indent=2,
            sort_keys=True,
        )
        (site.new_plan / "manifest.json").write_text(text + "\n", encoding="utf-8")
        (site.new_plan / NOT_CURRENT_YET).touch()
        for path in (site.new_database, *site.new_plan.iterdir(), site.new_plan):
            _sync(path)
        site.new_database.chmod(published_file_mode(readable_by))
        if serve_too is not None:
            serve_too()
        before = _put_in_place(site)
    return PublishResult(
        database_path=site.database,
        plan_path=site.plan,
        row_counts={name: fact["rows"] for name, fact in facts.items()},
        content_hashes={name: fact["sha256"] for name, fact in facts.items()},
        removed_plans=_remove_old_plans(site, keep_plans, before),
    )


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Site:
    """Where everything of one publication lies, in place and aside."""

    def __init__(self, home: Path, plan_id: str) -> None:
        self.home, self.plan_id = home, plan_id
        self.published, self.plans = home / "published", home / "plans"
        self.database = self.published / "coverage.duckdb"
        self.link = self.published / "current"
        self.new_database = self.published / "coverage.duckdb.new"
        self.new_link = self.published / "current.new"
        self.new_plan = self.plans / f".{plan_id}.new"

    @functools.cached_property
    def plan(self) -> Path:
        """The plan's folder, chosen when what is left aside has been cleared.

        A folder in place is never touched: swapping it for another takes two renames, and one who
        looks between them finds nothing.
        """
        names = (self.plan_id if n == 1 else f"{self.plan_id}.{n}" for n in itertools.count(1))
        return next(path for name in names if not (path := self.plans / name).exists())

    def clear(self) -> None:
        """Remove what an unfinished publication left behind, also one of another plan."""
        for path in (self.new_database, _wal(self.new_database), self.new_link):
            path.unlink(missing_ok=True)
        for path in self.plans.glob(".*.new"):
            shutil.rmtree(path, ignore_errors=True)
        for mark in self.plans.glob(f"*/{NOT_CURRENT_YET}"):
            # Where the link points to it, readers of Parquet are in it.
            if mark.parent.resolve() != self.link.resolve():
                shutil.rmtree(mark.parent, ignore_errors=True)


def _build(
    con: duckdb.DuckDBPyConnection,
    tables: Mapping[str, str],
    comments: Mapping[str, Mapping[str, str]],
    contracts: Mapping[str, Mapping[str, str]],
    site: _Site,
) -> dict[str, dict[str, Any]]:
    """Write both forms aside: rows, file and hash per table."""
    facts: dict[str, dict[str, Any]] = {}
    con.execute(
        f"attach {quote_text(site.new_database)} as {_CATALOG} "
        f"(storage_version '{STORAGE_VERSION}')"
    )
    try:
        # Else each of the 400 statements would be brought to the disk by itself.
        with all_or_none(con):
            for name, source in tables.items():
                target = f'{_CATALOG}.main."{name}"'
                is_query = source.lower().split()[0] in {"select", "with", "from"}
                con.execute(
                    f"create table {target} as {source if is_query else f'select * from {source}'}"
                )
                if name in contracts:
                    _keep_contract(con, name, target, contracts[name])
                _comment(con, target, comments.get(name, {}))
                # Copied from the new table, so that both forms hold the same rows.
                file = site.new_plan / f"{name}.parquet"
                con.execute(
                    f"copy {target} to {quote_text(file)} (format parquet, compression zstd)"
                )
                (rows,) = con.execute(f"select count(*) from {target}").fetchone() or (0,)
                facts[name] = {"rows": int(rows), "file": file.name, "sha256": sha256_of(file)}
    finally:
        con.execute(f"detach {_CATALOG}")
    return facts


def _keep_contract(
    con: duckdb.DuckDBPyConnection, name: str, target: str, contract: Mapping[str, str]
) -> None:
    """Refuse a table whose columns or types are not what readers were promised."""

    def plain(kind: str) -> str:
        return kind.upper().replace(" ", "").replace("DOUBLEPRECISION", "DOUBLE")

    found = [(row[0], plain(row[1])) for row in con.execute(f"describe {target}").fetchall()]
    wanted = [(column, plain(kind)) for column, kind in contract.items()]
    if found != wanted:
        differing = sorted(set(found) ^ set(wanted)) or [("the order of columns", "")]
        change = ", ".join(" ".join(pair).strip() for pair in differing)
        raise PublishError(
            f"{name} breaks its contract ({change}); readers still see the plan before it. Change "
            "the contract (docs/tables.md) and the table together."
        )


def _comment(con: duckdb.DuckDBPyConnection, target: str, meanings: Mapping[str, str]) -> None:
    columns = {row[0] for row in con.execute(f"describe {target}").fetchall()}
    for column, meaning in meanings.items():
        if column in columns:
            con.execute(f'comment on column {target}."{column}" is {quote_text(meaning)}')


def _put_in_place(site: _Site) -> str | None:
    """Rename the new plan into its places, the data base last; undo all of it on a failure.

    Returns:
        Name of the folder that was current before.
    """
    before = site.link.readlink() if site.link.is_symlink() else None
    with contextlib.ExitStack() as undo:
        _move(site.new_plan, site.plan)
        undo.callback(_move, site.plan, site.new_plan)
        _sync(site.plans)
        _point(site, Path("..", "plans", site.plan.name))
        undo.callback(_point, site, before)
        # A log that a killed reader left behind would be replayed into the new file.
        _wal(site.database).unlink(missing_ok=True)
        _move(site.new_database, site.database)
        undo.pop_all()
    _sync(site.published)
    for folder in (() if before is None else (site.link.parent / before,)) + (site.plan,):
        # A mark that stays, in a crash or by a failure, is no harm: both forms are in place.
        with contextlib.suppress(OSError):
            (folder / NOT_CURRENT_YET).unlink(missing_ok=True)
    return None if before is None else before.name


def _point(site: _Site, target: Path | None) -> None:
    if target is None:
        site.link.unlink(missing_ok=True)
        return
    site.new_link.unlink(missing_ok=True)
    site.new_link.symlink_to(target)
    _move(site.new_link, site.link)


def _move(path: Path, target: Path) -> None:
    """Put a file, link or folder in its place in one step."""
    path.replace(target)


def _remove_old_plans(site: _Site, keep_plans: int, before: str | None) -> tuple[str, ...]:
    """Keep the newest plans; one that cannot be removed today is tried again next time."""
    folders = [path for path in site.plans.iterdir() if path.is_dir() and path != site.plan]
    folders.sort(key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)
    kept, removed = {site.plan_id}, []
    for path in folders:
        plan = path.name.partition(".")[0]
        if plan == site.plan_id and path.name == before:
            continue
        if plan not in kept and len(kept) < keep_plans:
            kept.add(plan)
            continue
        shutil.rmtree(path, ignore_errors=True)
        if plan not in kept:
            removed.append(plan)
    return tuple(removed)


@contextlib.contextmanager
def _explained(site: _Site) -> Iterator[None]:
    """Clear what lies aside before and after a failure, and say what went wrong."""
    try:
        site.clear()
        yield
    except (OSError, duckdb.Error, PublishError) as error:
        with contextlib.suppress(OSError):
            site.clear()
        if isinstance(error, PublishError):
            raise
        raise PublishError(
            f"plan {site.plan_id} was not published to {site.home}; readers still see the plan "
            f"before it. {advice(error, site.home) or error}"
        ) from error


def _wal(database: Path) -> Path:
    return database.with_name(database.name + ".wal")


def _sync(path: Path) -> None:
    """Bring a file or a folder's entries to the disk before something else relies on them."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
