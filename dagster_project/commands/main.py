"""``sales-coverage``: the one command line, a subcommand for everything a person starts.

What a subcommand needs is imported when it is chosen, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from dagster_project.runtime.instance import InstanceError
from dagster_project.runtime.visible import say


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand.

    Args:
        arguments: Arguments after the command's name; the process's own if not given.

    Returns:
        Exit status: 0 done, 1 stopped (the terminal says why), 2 wrong settings or arguments.
    """
    chosen = parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = chosen.run
    try:
        return run(chosen)
    except InstanceError as error:
        say([str(error)], sys.stderr)
        return 2


def parser() -> argparse.ArgumentParser:
    """Build the command line, a subcommand each."""
    root = argparse.ArgumentParser(
        prog="sales-coverage",
        description="Which rep covers which account, and which quotas follow.",
        epilog="COVERAGE_COMPANY names the company.yml (default: the demo company), "
        "COVERAGE_HOME the folder of its state.",
    )
    commands = root.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, run: Callable[[argparse.Namespace], int], about: str) -> _Command:
        command = commands.add_parser(name, help=about, description=about[0].upper() + about[1:])
        command.set_defaults(run=run)
        return command

    add("refresh", _refresh, "pull, gate, model, plan, verify and publish; say what was decided")
    add("check", _check, "say what each table would give and what to mend first; plan nothing")
    add("backtest", _backtest, "make past years' plans again and compare them with what came")
    for name, run, about in (
        ("ui", _ui, "open the Dagster UI on this machine, with the daemon behind it"),
        ("webserver", _webserver, "serve the Dagster UI alone, as a service"),
    ):
        command = add(name, run, about)
        command.add_argument("--host", default="127.0.0.1", help="where to listen; %(default)s")
        command.add_argument("--port", default=3000, type=int, help="port; %(default)s")
    add("daemon", _daemon, "run schedules, sensors, the queue and freshness, as a service")
    add("plans", _plans, "list the plans that are kept, the newest first")
    for name, run, about in (
        ("export", _export, "write a plan as CSV files, safe to open in a spreadsheet"),
        ("pictures", _pictures, "draw a plan's plots as PNG files"),
    ):
        command = add(name, run, about)
        command.add_argument("folder", type=Path, help="where the files go; made if missing")
        command.add_argument("plan_id", nargs="?", help="a kept plan; the current one if not given")
    add(
        "docs",
        _docs,
        "write docs/tables.md, docs/company.md, its JSON schema, dbt's sources and exposure",
    )
    add("check-dbt", _check_dbt, "parse the dbt project strictly and run its unit tests")
    return root


_Command = argparse.ArgumentParser


def _refresh(_: argparse.Namespace) -> int:
    from dagster_project.commands.refresh import refresh

    return refresh()


def _check(_: argparse.Namespace) -> int:
    from dagster_project.commands.check import check

    return check()


def _backtest(_: argparse.Namespace) -> int:
    from dagster_project.commands.backtest import run_backtest

    return run_backtest()


def _ui(chosen: argparse.Namespace) -> int:
    from dagster_project.commands.ui import open_ui

    return open_ui(chosen.host, chosen.port)


def _webserver(chosen: argparse.Namespace) -> int:
    from dagster_project.commands.ui import serve, webserver

    serve(webserver(chosen.host, chosen.port))


def _daemon(_: argparse.Namespace) -> int:
    from dagster_project.commands.ui import daemon, serve

    serve(daemon())


def _plans(_: argparse.Namespace) -> int:
    from dagster_project.commands.plans import lines
    from dagster_project.runtime.settings import load_settings

    say(lines(load_settings().home))
    return 0


def _export(chosen: argparse.Namespace) -> int:
    from dagster_project.commands.export import export_csv

    return _write(export_csv, chosen)


def _pictures(chosen: argparse.Namespace) -> int:
    from dagster_project.commands.pictures import draw_pictures

    return _write(draw_pictures, chosen)


def _write(
    write: Callable[[Path, Path, str | None], list[Path]], chosen: argparse.Namespace
) -> int:
    from dagster_project.commands.plan_files import PlanFilesError
    from dagster_project.runtime.settings import load_settings

    try:
        files = write(load_settings().home, chosen.folder, chosen.plan_id)
    except PlanFilesError as error:
        say([str(error)], sys.stderr)
        return 1
    say(map(str, files))
    return 0


def _docs(_: argparse.Namespace) -> int:
    from dagster_project.commands.docs import write

    write()
    return 0


def _check_dbt(_: argparse.Namespace) -> int:
    from dagster_project.transform.check import check

    problems = list(check())
    print("\n".join(problems) or "dbt: all good")
    return 1 if problems else 0
