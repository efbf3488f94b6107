"""Planning as a step: an error of the optimiser ends the run in words."""

from __future__ import annotations

import pytest


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
