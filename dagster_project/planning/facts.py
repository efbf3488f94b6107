"""What the UI shows of strengths and plans: numbers plotted over time, tables, one chart.

Ids only, never names or pay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from dagster_project.plots.gallery import PICTURES

if TYPE_CHECKING:
    import pandas as pd

    from optimization.tables import CoveragePlan, QuotaPlan, Strengths

_SHOWN = 10
_OF_STRENGTHS = ("strengths", "strength_calibration", "strength_backtest")


def coverage_facts(plan: CoveragePlan) -> dict[str, dict[str, dg.MetadataValue]]:
    """Build the metadata of those tables of a plan that show more than their row count.

    Numbers are given as numbers, so that the UI plots them over the runs.

    Args:
        plan: The plan's tables.

    Returns:
        Metadata by table and name.
    """
    certificate = plan.certificate.iloc[0]
    prices = plan.shadow_prices[plan.shadow_prices["shadow_price_amount"] > 0]
    locks = plan.lock_costs[plan.lock_costs["cost_amount"] > 0]
    proof = {
        "gap_rate": dg.MetadataValue.float(float(certificate["gap_rate"])),
        "moved_accounts": dg.MetadataValue.int(int(certificate["moved_count"])),
        "move_limit": dg.MetadataValue.int(int(certificate["move_limit"])),
        "uncovered_accounts": dg.MetadataValue.int(int(certificate["uncovered_count"])),
        "value_amount": dg.MetadataValue.float(float(certificate["objective_amount"])),
        "gain_amount": dg.MetadataValue.float(float(certificate["gain_amount"])),
        "overtime_hours": dg.MetadataValue.float(float(certificate["overtime_hours"])),
        "certificate": dg.MetadataValue.md(str(certificate["sentence"])),
    }
    return {
        "coverage_assignments": {
            **proof,
            "load_and_value_per_rep": dg.MetadataValue.md(
                PICTURES["loads"].markdown(plan.rep_loads)
            ),
        },
        "plan_certificates": {
            **proof,
            "bound_amount": dg.MetadataValue.float(float(certificate["bound_amount"])),
            "solver_bound_amount": dg.MetadataValue.float(
                float(certificate["solver_bound_amount"])
            ),
            "status": dg.MetadataValue.text(f"{certificate['status']}, {certificate['solver']}"),
        },
        "shadow_prices": {
            "binding_rules": dg.MetadataValue.int(len(prices)),
            "dearest_rules": _table(
                prices.sort_values("shadow_price_amount", ascending=False, kind="stable"),
                ("rule", "rep_id", "group_id", "shadow_price_amount", "unit", "used", "capacity"),
            ),
        },
        "assignment_explanations": {
            "largest_differences": _table(
                plan.explanations[
                    plan.explanations["account_id"].isin(plan.changes["account_id"])
                ].sort_values("score_difference_amount", ascending=False, kind="stable"),
                # Few, so that the sentence has room in the UI; the published table has all parts.
                ("account_id", "rep_id", "sentence"),
            ),
        },
        "plan_changes": {
            "by_reason": _table(
                plan.changes.groupby("reason", as_index=False).agg(
                    accounts=("account_id", "size"), value_gain_amount=("value_gain_amount", "sum")
                ),
                ("reason", "accounts", "value_gain_amount"),
            ),
        },
        "hiring_advice": {"one_more_rep": _table(plan.hiring_advice, ("group_id", "sentence"))},
        "lock_costs": {
            "locks_that_cost": dg.MetadataValue.int(len(locks)),
            "dearest_locks": _table(
                locks.sort_values("cost_amount", ascending=False, kind="stable"),
                ("account_id", "lock_source", "cost_amount", "sentence"),
            ),
        },
    }


def quota_facts(plan: QuotaPlan) -> dict[str, dict[str, dg.MetadataValue]]:
    """Build the same for a quota plan.

    Args:
        plan: The plan's tables.

    Returns:
        Metadata by table and name.
    """
    import pandas as pd

    outlook = plan.attainment_outlook
    whole = outlook[(outlook["level"] == "company") & outlook["is_default"]].iloc[0]
    return {
        "attainment_outlook": {
            "company_chance_verdict": dg.MetadataValue.text(str(whole["chance_verdict"])),
            # Numbers are plotted over the runs, and a missing one is a gap.
            **(
                {"probability_of_company_target": dg.MetadataValue.float(float(chance))}
                if pd.notna(chance := whole["probability"])
                else {}
            ),
            "chance_by_buffer": dg.MetadataValue.md(PICTURES["chances"].markdown(outlook)),
        },
        "group_targets": {
            "quota_waterfall": dg.MetadataValue.md(
                PICTURES["quotas"].markdown(
                    plan.group_targets, plan.quota_allocations, plan.company_targets
                )
            )
        },
        "budget_check": {
            "groups_over_budget": dg.MetadataValue.int(
                int((plan.budget_check["verdict"] == "over budget").sum())
            )
        },
    }


def strength_facts(found: Strengths) -> dict[str, dict[str, dg.MetadataValue]]:
    """Build the metadata of the tables of strengths: the verdict, and one chart a table.

    Args:
        found: The tables.

    Returns:
        Metadata by table and name.
    """
    guard = found.strength_guard.iloc[0]
    facts: dict[str, dict[str, dg.MetadataValue]] = {
        "strength_guard": {
            name: dg.MetadataValue.text(str(guard[name]))
            for name in ("signal", "reason", "value_reason", "creation_reason")
        },
        "strength_transport": {
            "verdicts": _table(
                found.strength_transport,
                ("model", "dimension", "verdict", "multiplier", "deal_count", "slope", "slope_se"),
            )
        },
    }
    for picture in (PICTURES[name] for name in _OF_STRENGTHS):
        table = picture.tables[0]
        drawn = dg.MetadataValue.md(picture.markdown(getattr(found, table)))
        facts[table] = {picture.draw.__name__: drawn}
    return facts


def _table(frame: pd.DataFrame, columns: Sequence[str]) -> dg.MetadataValue:
    """First rows of a frame as a table of texts and numbers; missing cells are empty."""
    rows = frame[list(columns)].head(_SHOWN)
    kinds = {c: "float" if rows[c].dtype.kind in "fiu" else "string" for c in columns}
    cells = rows.astype(object).where(rows.notna(), None)
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord(
                {
                    c: value if value is None or kinds[c] == "string" else round(float(value), 2)
                    for c, value in zip(columns, row, strict=True)
                }
            )
            for row in cells.itertuples(index=False)
        ],
        schema=dg.TableSchema(columns=[dg.TableColumn(c, kinds[c]) for c in columns]),
    )
