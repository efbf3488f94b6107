"""What a published plan says, in a few lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb


def summarise(published: Path, currency: str) -> Iterator[str]:
    """Yield the plan's decisions, one fact a line.

    Args:
        published: The published DuckDB file.
        currency: ISO code put beside amounts.
    """
    with duckdb.connect(str(published), read_only=True) as connection:

        def rows(query: str) -> list[tuple[Any, ...]]:
            return connection.execute(query).fetchall()

        [(plan, certificate)] = rows("select plan_id, sentence from plan_certificates")
        yield f"Plan {plan}: {certificate}"
        yield ""
        counts = dict(rows("select coverer_type, count(*) from coverage_assignments group by 1"))
        yield (
            f"Coverage {counts.get('rep', 0):,} accounts by reps, {counts.get('partner', 0):,} by "
            f"partners, {counts.get('house', 0):,} by nobody"
        )
        reasons = rows("select reason, count(*) from plan_changes group by 1 order by 2 desc, 1")
        changes = ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in reasons)
        yield f"Changes  {sum(count for _, count in reasons):,} ({changes or 'none'})"
        yield "Strength " + rows("select reason from strength_guard")[0][0]
        named = rows(
            "select rep_id, dimension, level, effect, deal_count, verdict from rep_strengths "
            "where is_named order by abs(effect) desc, rep_id, dimension, level limit 5"
        )
        for rep, dimension, level, effect, deals, verdict in named:
            word = "strong" if effect > 0 else "weak"
            where = "" if dimension == "overall" else f" in {dimension.replace('_', ' ')} {level}"
            tail = "" if verdict == "transports" else ", with the accounts at hand"
            yield f"         {rep} is {word}{where} ({effect:+.2f} log-odds on {deals} deals){tail}"
        for (sentence,) in rows(
            "select sentence from strength_surprises "
            "order by abs(effect) desc, rep_id, level limit 3"
        ):
            yield f"Surprise {sentence}"
        yield ""
        for kind, target, quota in rows(
            "select revenue_type, sum(target_amount), sum(quota_amount) from group_targets "
            "group by 1 order by 1 desc"
        ):
            yield f"Goal     {kind}: {target:,.0f} {currency}, quotas {quota:,.0f} {currency}"
        chance = rows(
            "select probability from attainment_outlook where level = 'company' and is_default"
        )
        yield f"         chance of making the company's number: {chance[0][0]:.0%}"
        for group, repair in rows(
            "select group_id, repair from staffing_review where short_months > 0 "
            "order by missing_hours desc, group_id"
        ):
            yield f"Capacity {group}: {repair}"
        for group, rate, loss in rows(
            "select group_id, turnover_rate, turnover_loss_amount from staffing_review "
            "where is_turnover_high order by 1"
        ):
            risk = f"{loss:,.0f} {currency} at risk"
            yield f"Turnover {group} loses {rate:.0%} of its reps a year: {risk}"
        for group, verdict, sentence in rows(
            "select group_id, verdict, sentence from budget_check "
            "where verdict like 'over%' order by 1"
        ):
            yield f"Budget   {group}: {sentence if verdict == 'over budget' else verdict}"
        for table, reason, count, amount in rows(
            "select table_name, reason, row_count, amount from quarantine_summary "
            "order by 3 desc, 1, 2"
        ):
            money = f" ({amount:,.0f} {currency})" if amount else ""
            yield f"Data     {count:,} {table} set aside: {reason.replace('_', ' ')}{money}"
        for table, check, failed in rows(
            "select table_name, check_name, failed_count from data_quality_results "
            "where not is_passed order by 1, 2"
        ):
            amount = f" ({failed:,} rows)" if failed else ""
            yield f"Warning  {table}: {check.replace('_', ' ')} does not hold{amount}"
