"""Publishing: readers see whole plans only, and a failure leaves the last plan as it was."""

import errno
import hashlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time

import duckdb
import pytest

from dagster_project.publishing import files
from dagster_project.publishing.files import NOT_CURRENT_YET, PublishError, publish
from dagster_project.publishing.kept_plans import kept_plans

READER = """
import pathlib, sys, duckdb
published, stop = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
reads, mixed, plans = 0, 0, set()
while not stop.exists():
    with duckdb.connect(published / "coverage.duckdb", read_only=True) as con:
        seen = con.execute(
            "select plan_id, count(*) from assignments group by all "
            "union all select plan_id, 50 from quotas group by all"
        ).fetchall()
    folder = (published / "current").resolve()
    with duckdb.connect() as con:
        files = con.execute(
            "select distinct plan_id from read_parquet($a) "
            "union all select distinct plan_id from read_parquet($q)",
            {"a": str(folder / "assignments.parquet"), "q": str(folder / "quotas.parquet")},
        ).fetchall()
    mixed += len(set(seen)) != 1 or len(set(files)) != 1 or files[0][0] != folder.name
    reads += 1
    plans.add(seen[0][0])
    stop.with_name(f"saw {len(plans)} plans").touch()
print(reads, mixed, len(plans))
"""


@pytest.fixture
def con(tmp_path):
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("create schema plan")
        yield connection


@pytest.fixture
def home(tmp_path):
    return tmp_path / "it's home"


def publish_plan(con, home, plan_id, **options):
    con.execute(
        f"create or replace table plan.assignments as "
        f"select '{plan_id}' as plan_id, 'A' || i as account_id from range(50) as n (i)"
    )
    con.execute(f"create or replace table plan.quotas as select '{plan_id}' as plan_id, 7 as quota")
    tables = {
        "assignments": "select * from plan.assignments order by account_id",
        "quotas": "plan.quotas",
    } | options.pop("more", {})
    given = {"manifest": {"input_hashes": {"accounts": "abc"}}} | options
    return publish(con, tables, home=home, plan_id=plan_id, **given)


def contents(home):
    return {
        path.relative_to(home): path.read_bytes() for path in home.rglob("*") if path.is_file()
    } | {path.relative_to(home): path.readlink() for path in home.rglob("*") if path.is_symlink()}


def read(path, query):
    with duckdb.connect(path, read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_both_forms_hold_the_rows_in_key_order(con, home):
    result = publish_plan(con, home, "p1")
    assert result.row_counts == {"assignments": 50, "quotas": 1}
    rows = read(result.database_path, "select account_id from assignments")
    assert rows == sorted(rows)
    assert len(rows) == 50
    parquet = home / "published" / "current" / "assignments.parquet"
    assert (
        duckdb.execute("select account_id from read_parquet(?)", [str(parquet)]).fetchall() == rows
    )


def test_the_manifest_lets_a_reader_check_every_file(con, home):
    result = publish_plan(con, home, "p1")
    manifest = json.loads((result.plan_path / "manifest.json").read_text())
    assert manifest["plan_id"] == "p1"
    assert manifest["input_hashes"] == {"accounts": "abc"}
    for name, facts in manifest["tables"].items():
        file = result.plan_path / facts["file"]
        assert facts["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
        assert facts["rows"] == result.row_counts[name]


def test_equal_rows_give_equal_hashes_and_other_rows_others(con, home):
    first = publish_plan(con, home, "p1").content_hashes
    assert publish_plan(con, home, "p1").content_hashes == first
    assert publish_plan(con, home, "p2").content_hashes["assignments"] != first["assignments"]


def test_the_file_is_read_only_and_of_the_older_storage_version(con, home):
    path = publish_plan(con, home, "p1").database_path
    assert path.stat().st_mode & 0o777 == 0o444
    # The version stands behind the checksum and the magic bytes; 64 to 68 are the 1.x series.
    assert 64 <= int.from_bytes(path.read_bytes()[12:20], "little") <= 68


def test_columns_carry_their_meaning(con, home):
    meanings = {"assignments": {"account_id": "The account's id", "gone": "No such column"}}
    path = publish_plan(con, home, "p1", comments=meanings).database_path
    query = "select comment from duckdb_columns() where column_name = 'account_id'"
    assert read(path, query) == [("The account's id",)]


def test_the_link_is_relative_so_that_the_folder_can_be_moved(con, home, tmp_path):
    publish_plan(con, home, "p1")
    moved = home.rename(tmp_path / "elsewhere")
    assert (moved / "published" / "current").resolve() == moved / "plans" / "p1"


def test_a_log_of_a_killed_reader_is_removed(con, home):
    path = publish_plan(con, home, "p1").database_path
    path.with_name("coverage.duckdb.wal").write_bytes(b"left behind")
    publish_plan(con, home, "p2")
    assert read(path, "select distinct plan_id from assignments") == [("p2",)]


def test_nothing_is_left_aside(con, home):
    publish_plan(con, home, "p1")
    publish_plan(con, home, "p1")
    names = {path.name for path in (*home.glob("published/*"), *home.glob("plans/*"))}
    assert names == {"coverage.duckdb", "current", "p1", "p1.2"}
    assert (home / "published" / "current").resolve().name == "p1.2"


def test_a_plan_published_again_keeps_the_folder_that_readers_are_in_until_the_next_time(con, home):
    for number in range(5):
        before = (home / "published" / "current").resolve() if number else None
        publish_plan(con, home, "p1")
        now = (home / "published" / "current").resolve()
        assert set((home / "plans").iterdir()) == {now, before or now}
        assert now != before
    assert [plan.plan_id for plan in kept_plans(home)] == ["p1"]
    publish_plan(con, home, "p2", keep_plans=2)
    assert {path.name.partition(".")[0] for path in (home / "plans").iterdir()} == {"p1", "p2"}
    assert len(list((home / "plans").iterdir())) == 2


@pytest.mark.parametrize("plan_id", ["p1", "p2"])
def test_a_table_that_fails_half_way_leaves_the_last_plan_as_it_was(con, home, plan_id):
    publish_plan(con, home, "p1")
    before = contents(home)
    more = {"worse": "select error('boom') from plan.assignments"}
    with pytest.raises(PublishError, match=r"plan p\d was not published.*boom"):
        publish_plan(con, home, plan_id, more=more)
    assert contents(home) == before
    assert publish_plan(con, home, "p3").row_counts["quotas"] == 1


@pytest.mark.parametrize("plan_id", ["p1", "p2"])
@pytest.mark.parametrize("moment", [".p?.new", "current.new", "coverage.duckdb.new"])
def test_a_rename_that_fails_is_undone(con, home, monkeypatch, plan_id, moment):
    publish_plan(con, home, "p1")
    before = contents(home)
    broken = moment.replace("?", plan_id[1])
    failures = []

    def move(path, target):
        if path.name == broken and not failures:
            failures.append(path)
            raise OSError(errno.ENOSPC, "No space left on device")
        path.replace(target)

    monkeypatch.setattr(files, "_move", move)
    with pytest.raises(PublishError, match=r"The disk is full\. Free some space"):
        publish_plan(con, home, plan_id)
    assert failures
    assert contents(home) == before


def test_a_first_publication_that_fails_leaves_no_link_to_nothing(con, home, monkeypatch):
    def full(path, target):
        if path.name == "coverage.duckdb.new":
            raise OSError(errno.ENOSPC, "No space left on device")
        path.replace(target)

    monkeypatch.setattr(files, "_move", full)
    with pytest.raises(PublishError):
        publish_plan(con, home, "p1")
    assert contents(home) == {}


def test_a_folder_that_cannot_be_written_is_named(con, home, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(files, "_sync", refuse)
    with pytest.raises(PublishError, match=r"cannot be written\. Give this user write access"):
        publish_plan(con, home, "p1")


def test_the_newest_plans_are_kept_and_the_current_one_always(con, home):
    for number in range(4):
        result = publish_plan(con, home, f"p{number}", keep_plans=2)
        time.sleep(0.01)
    assert result.removed_plans == ("p1",)
    assert {path.name for path in (home / "plans").iterdir()} == {"p2", "p3"}
    publish_plan(con, home, "p2", keep_plans=1)
    assert {path.name for path in (home / "plans").iterdir()} == {"p2.2"}


@pytest.mark.parametrize("plan_id", ["../p1", "", ".hidden", "a b"])
def test_a_name_that_is_no_folder_name_is_refused(con, home, plan_id):
    with pytest.raises(ValueError, match="is not a name"):
        publish_plan(con, home, plan_id)


def test_keeping_no_plan_is_refused(con, home):
    with pytest.raises(ValueError, match="keep_plans"):
        publish_plan(con, home, "p1", keep_plans=0)


def test_a_reader_that_never_stops_sees_whole_plans_only(con, home, tmp_path):
    publish_plan(con, home, "p0")
    stop = tmp_path / "stop"
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(home / "published"), str(stop)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # However slow the reader is: at least 20 publications, and more until it has seen three plans.
    for number in itertools.count(1):
        publish_plan(con, home, f"p{number}")
        time.sleep(0.05)
        seen = (tmp_path / "saw 3 plans").exists() or reader.poll() is not None
        if number >= 20 and seen:
            break
    stop.touch()
    output, errors = reader.communicate(timeout=300)
    assert reader.returncode == 0, errors
    reads, mixed, plans = map(int, output.split())
    assert mixed == 0
    assert reads >= plans >= 3


def test_what_a_killed_publication_of_another_plan_left_aside_is_removed(con, home):
    publish_plan(con, home, "p1")
    (home / "plans" / ".p2.new").mkdir()
    publish_plan(con, home, "p3")
    assert {path.name for path in (home / "plans").iterdir()} == {"p1", "p3"}


def kill_at(moment, home, plan_id):
    """Publish in a child that dies before its n-th change of the file system; tell if it did."""
    child = os.fork()
    if child == 0:
        changes = itertools.count()

        def hook(event, arguments):
            changing = event in CHANGES or (event == "open" and str(arguments[1]) in "wax")
            if changing and str(home) in str(arguments[0]) and next(changes) == moment:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            with duckdb.connect() as con:
                con.execute("create schema plan")
                sys.addaudithook(hook)
                publish_plan(con, home, plan_id)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


CHANGES = {"os.rename", "os.remove", "os.symlink", "os.mkdir", "os.rmdir", "os.chmod"}


def both_forms(home):
    """What readers of either form see, each of them whole."""
    [(database,)] = read(
        home / "published" / "coverage.duckdb", "select distinct plan_id from assignments"
    )
    folder = (home / "published" / "current").resolve()
    manifest = json.loads((folder / "manifest.json").read_text())
    for facts in manifest["tables"].values():
        digest = hashlib.sha256((folder / facts["file"]).read_bytes()).hexdigest()
        assert digest == facts["sha256"]
    return database, manifest["plan_id"]


def listed(home):
    """What ``make plans`` says of each plan, by its id."""
    return {plan.plan_id: (plan.forms, plan.was_published) for plan in kept_plans(home)}


BOTH, NEITHER = frozenset({"DuckDB", "Parquet"}), frozenset()


def what_readers_see(home, plan_ids):
    """The same list, from what readers find in both forms after a kill; p1 was there before."""
    shown = dict(zip(("DuckDB", "Parquet"), both_forms(home), strict=True))
    forms = {p: frozenset(form for form, plan in shown.items() if plan == p) for p in plan_ids}
    return {plan: (seen, plan == "p1" or bool(seen)) for plan, seen in forms.items()}


@pytest.mark.slow
@pytest.mark.parametrize("plan_id", ["p1", "p2"])
def test_killed_at_any_change_of_the_file_system_both_forms_stay_whole(con, home, plan_id):
    kills = 0
    for moment in itertools.count():
        publish_plan(con, home, "p1", keep_plans=1)
        was_killed = kill_at(moment, home, plan_id)
        database, folder = both_forms(home)
        assert {database, folder} <= {"p1", plan_id}
        assert (database, folder) != (plan_id, "p1") or plan_id == "p1"  # the file goes last
        seen = what_readers_see(home, {path.name[:2] for path in (home / "plans").glob("p*")})
        assert listed(home) == seen
        publish_plan(con, home, "p3")
        assert both_forms(home) == ("p3", "p3")
        # A plan that nobody ever saw is gone; one that readers of either form saw is kept.
        kept = {plan for plan, (_, was_published) in seen.items() if was_published}
        assert listed(home) == dict.fromkeys(kept, (NEITHER, True)) | {"p3": (BOTH, True)}
        assert not list(home.rglob(NOT_CURRENT_YET))
        assert not list(home.rglob("*.new"))
        if not was_killed:
            assert database == plan_id
            break
        kills += 1
    print(f"{kills} moments")
    assert kills >= 8
