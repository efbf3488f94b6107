"""When things run and who is alerted: the jobs, their schedules, two sensors."""

import dagster as dg

from dagster_project.context import Context
from dagster_project.defs.backtest import GROUP
from dagster_project.runtime import alerts

refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups(GROUP),
    description="Pull, gate, model, plan, verify, publish: only a whole and verified plan.",
)
backtest = dg.define_asset_job(
    "backtest",
    selection=dg.AssetSelection.groups(GROUP),
    description="Make the plans of past years again and compare them with what came; the next "
    "refresh says only chances that held.",
)


def _build_schedule(here: Context) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name="nightly_refresh",
        job=refresh,
        cron_schedule="0 2 * * *",
        execution_timezone=here.company.company.timezone,
        # Off until somebody switches it on in the UI: a clone must not start planning by itself.
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Every night at two, in the company's time zone.",
    )


def _build_backtest_schedule(here: Context) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name="monthly_backtest",
        job=backtest,
        cron_schedule="0 4 2 * *",
        execution_timezone=here.company.company.timezone,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="On the second of every month at four, in the company's time zone.",
    )


def _build_failed_runs(here: Context) -> dg.SensorDefinition:
    @dg.run_failure_sensor(
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends an alert when a run failed; the published plan was left as it is.",
    )
    def failed_runs(context: dg.RunFailureSensorContext) -> None:
        """Name what stopped the run, unless whoever started it did."""
        alerts.alert_once(context.dagster_run.run_id, context.instance, here.settings.home)

    return failed_runs


def _build_failed_warnings(here: Context) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends an alert for warning checks that failed in a run that succeeded.",
    )
    def failed_warnings(context: dg.RunStatusSensorContext) -> dg.SkipReason | None:
        """Name the failed checks; a warning never fails a run, so no failure sensor sees it."""
        run_id = context.dagster_run.run_id
        if alerts.alert_once(run_id, context.instance, here.settings.home):
            return None
        return dg.SkipReason("every check passed, or the alert was sent before")

    return failed_warnings


def build(here: Context) -> dg.Definitions:
    """The jobs, their schedules, and the sensors that send alerts."""
    return dg.Definitions(
        jobs=[refresh, backtest],
        schedules=[_build_schedule(here), _build_backtest_schedule(here)],
        sensors=[_build_failed_runs(here), _build_failed_warnings(here)],
    )
