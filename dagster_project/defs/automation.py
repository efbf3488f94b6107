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
        """Send the failed steps with their first error line."""
        events = context.get_step_failure_events()
        lines = [
            f"{event.step_key}: {event.step_failure_data.error_display_string.splitlines()[0]}"
            for event in events
        ] or [context.failure_event.message or "no message"]
        alerts.send(
            here.settings.home,
            f"Run {context.dagster_run.run_id} of {context.dagster_run.job_name} failed; "
            "the published plan stays as it is.",
            lines,
        )

    return failed_runs


def _build_failed_warnings(here: Context) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends an alert for warning checks that failed in a run that succeeded.",
    )
    def failed_warnings(context: dg.RunStatusSensorContext) -> dg.SkipReason | None:
        """Send the failed checks; a warning never fails a run, so no failure sensor sees it."""
        records = context.instance.get_records_for_run(
            context.dagster_run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
        ).records
        evaluations = [
            record.event_log_entry.dagster_event.asset_check_evaluation_data
            for record in records
            if record.event_log_entry.dagster_event is not None
        ]
        failed = [e for e in evaluations if not e.passed]
        if not failed:
            return dg.SkipReason("every check passed")
        alerts.send(
            here.settings.home,
            f"{len(failed)} warning checks failed in run {context.dagster_run.run_id}.",
            [f"{e.asset_key.to_user_string()}: {e.check_name}" for e in failed],
        )
        return None

    return failed_warnings


def build(here: Context) -> dg.Definitions:
    """The jobs, their schedules, and the sensors that send alerts."""
    return dg.Definitions(
        jobs=[refresh, backtest],
        schedules=[_build_schedule(here), _build_backtest_schedule(here)],
        sensors=[_build_failed_runs(here), _build_failed_warnings(here)],
    )
