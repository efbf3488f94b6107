"""A refresh shows how far it is on a terminal, and writes nothing into a log."""

from __future__ import annotations

import io
from typing import Any

import dagster as dg
import pytest

from dagster_project.commands.progress import line, progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run_two_steps(stream: io.StringIO) -> None:
    @dg.op
    def first_step() -> int:
        return 1

    @dg.op
    def second_step(number: int) -> None:
        pass

    @dg.job
    def work() -> None:
        second_step(first_step())

    with dg.DagsterInstance.ephemeral() as instance, progress(2, stream) as follow:
        run_id = "11111111-1111-4111-8111-111111111111"
        instance.add_event_listener(run_id, follow)
        assert work.execute_in_process(instance=instance, run_id=run_id).success


def test_a_terminal_shows_the_step_and_how_many_are_done() -> None:
    stream = Terminal()
    run_two_steps(stream)
    written = stream.getvalue()
    assert "0 of 2 steps, 0 s: first step" in written
    assert "[###############...............] 1 of 2 steps" in written
    assert written.endswith("\r\x1b[K")


def test_a_log_is_left_alone() -> None:
    stream = io.StringIO()
    run_two_steps(stream)
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("numbers", "bar"),
    [((0, 4), "." * 30), ((4, 4), "#" * 30), ((9, 4), "#" * 30), ((0, 0), "." * 30)],
)
def test_the_bar_stays_within_its_width(numbers: Any, bar: str) -> None:
    assert f"[{bar}]" in line(*numbers, "s", 1.0)
