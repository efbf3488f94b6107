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
        [(as_of,)] = rows(
            "select as_of_on from plan_runs order by finished_at desc, run_id desc limit 1"
        )
        yield f"Plan {plan}, made as of {as_of}: {certificate}"
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
        for kind, goal, buffer, won, quota in rows(
            "select revenue_type, goal_amount, buffer_amount, won_amount, quota_amount "
            "from company_targets order by 1 desc"
        ):
            parts = [f"{goal:,.0f} {currency} of the fiscal year"]
            parts += [f"{buffer:,.0f} as buffer"] if buffer else []
            parts += [f"{won:,.0f} won by now"] if won else []
            left = goal + buffer - won
            if left <= 0:
                parts.append("the goal is reached")
            elif won or buffer:
                parts.append(f"{left:,.0f} left")
            yield f"Goal     {kind}: {', '.join(parts)}; quotas {quota:,.0f}"
        for rep, idle in rows(
            "select rep_id, idle_quota_amount from rep_quotas where idle_quota_amount > 0 "
            "order by 2 desc, 1 limit 20"
        ):
            yield f"Quota    {rep} covers no account: nobody is asked for its {idle:,.0f} in force"
        chance = rows(
            "select probability, chance_verdict, low_amount, high_amount from attainment_outlook "
            "where level = 'company' and is_default"
        )
        for probability, verdict, low, high in chance:
            said = verdict if probability is None else f"{probability:.0%}"
            yield f"         chance of making the company's number: {said}"
            yield f"         eight years in ten between {low:,.0f} and {high:,.0f} {currency}"
        for account, share, deal in rows(
            "select account_id, share, largest_deal_amount from large_accounts "
            "where share >= 0.1 order by share desc, account_id limit 3"
        ):
            yield (
                f"Large    {account} brought {share:.0%} of the last twelve months (largest deal "
                f"{deal:,.0f} {currency}); only its own expected amount follows from that"
            )
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
            unit = "tables" if table == "pulls" else "rows"
            amount = f" ({failed:,} {unit if failed > 1 else unit[:-1]})" if failed else ""
            yield f"Warning  {table}: {check.replace('_', ' ')} does not hold{amount}"
