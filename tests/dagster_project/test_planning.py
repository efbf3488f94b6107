"""Planning as a step: an error of the optimiser ends the run in words."""

from __future__ import annotations

import pytest

from dagster_project.planning import unfit_to_publish
from dagster_project.transform import create_empty_sources


@pytest.mark.usefixtures("definitions")
def test_a_planning_error_becomes_a_failed_step_that_is_not_tried_again():
    from dagster_project.defs.planning import _stop
    from optimization.errors import InfeasibleError, Shortfall

    error = InfeasibleError([Shortfall("hours over the limit", "rep E1", 12.0, "hours", "Unlock.")])
    failure = _stop(error)
    assert not failure.allow_retries
    assert "published plan stays as it is" in failure.description
    assert "rep E1" in failure.description
    assert "rep E1" in str(failure.metadata["shortfalls"].value)


def test_tables_of_two_plans_are_not_published_together(warehouse):
    create_empty_sources(warehouse)
    with warehouse.connect() as connection:
        connection.execute(
            "insert into plan.plan_changes (plan_id, account_id) values ('old', 'A1')"
        )
    assert unfit_to_publish(warehouse, "new") == [
        "plan.plan_changes belongs to plan old, not to new"
    ]
