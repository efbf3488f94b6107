"""Gates: suites of Great Expectations become asset checks and results with a message.

Great Expectations decides every rule; DuckDB only hands the columns over in a small form
(see ``gates.columns``). Measured on 2M opportunities, import aside: 11 rules on the columns as
they are 12-14 CPU seconds, 18 rules in this form 1.9-2.8. Its own index of failing rows costs
26-55 more when many fail, so their keys are looked up in DuckDB by failing value.
"""

from __future__ import annotations

import json
import logging
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import dagster as dg
import duckdb
import pandas as pd

from dagster_project.gates.columns import Parameters, build_feed
from expectations import load_suite

_SHOWN_KEYS = 5


@dataclass(frozen=True)
class RuleResult:
    """What one rule said about one table.

    Attributes:
        table: Gated table.
        check: Stable name of the rule.
        severity: ``critical`` blocks, ``warning`` is shown.
        passed: Whether the rule holds within its tolerance.
        observed: The number that was compared: a count, a sum, or the share of rows that
            keep the rule; None if the rule could not be checked.
        failed_count: Rows that break the rule; None for rules on the whole table.
        failed_rate: Their share of the rows that have a value; None like ``failed_count``.
        sample_keys: Keys of up to 20 of these rows, in order; ids only, never other fields.
        message: The result as a sentence.
        why: What goes wrong downstream if the rule is broken.
        fix: What to do about it.
    """

    table: str
    check: str
    severity: str
    passed: bool
    observed: float | None
    failed_count: int | None
    failed_rate: float | None
    sample_keys: tuple[str, ...]
    message: str
    why: str
    fix: str

    @property
    def is_blocking(self) -> bool:
        """Whether this result stops the run."""
        return self.severity == "critical" and not self.passed


def check_specs(suite_name: str, asset_key: dg.CoercibleToAssetKey) -> list[dg.AssetCheckSpec]:
    """Declare one asset check per rule of a suite.

    Args:
        suite_name: Name of the suite.
        asset_key: Asset the checks belong to.

    Returns:
        One spec per rule, in the suite's order; blocking where the rule is critical.
    """
    return [
        dg.AssetCheckSpec(
            name=rule["meta"]["check"],
            asset=asset_key,
            description=f"{rule['meta']['why']} Fix: {rule['meta']['fix']}",
            blocking=rule["severity"] == "critical",
            metadata={
                "suite": suite_name,
                "expectation": rule["type"],
                "limits": json.dumps(rule["kwargs"]),
            },
        )
        for rule in load_suite(suite_name)["expectations"]
    ]


def run_gate(
    con: duckdb.DuckDBPyConnection,
    suite_name: str,
    relation: str,
    *,
    parameters: Parameters | None = None,
    min_rows: int | None = None,
) -> list[RuleResult]:
    """Check a table or view against a suite.

    Args:
        con: Open connection that sees the relation.
        suite_name: Name of the suite.
        relation: Table or view, with its schema, for example ``raw.accounts__pulled``.
        parameters: Values for the parameters of the suite's computed columns, for example
            ``{"covering_roles": ["account_executive"], "as_of": date(2026, 7, 1)}``.
        min_rows: Stricter lower limit for the row count, as set by the company.

    Returns:
        One result per rule, in the suite's order. A missing table fails every rule; an empty
        table that is optional passes every rule, for it counts as not given.

    Raises:
        ValueError: If a parameter is not one of the suite's.
    """
    suite = load_suite(suite_name)
    if min_rows is not None:
        suite["expectations"][0]["kwargs"]["min_value"] = min_rows
    rules = suite["expectations"]
    try:
        feed = build_feed(con, suite, relation, parameters or {})
    except duckdb.CatalogException:
        return [_result(suite, rule, reason=f"{relation} is missing") for rule in rules]
    frame = feed.frame(con)
    if suite["meta"]["optional"] and frame.empty:
        text = "the table is not given, nothing to check"
        return [_result(suite, rule, passed=True, reason=text) for rule in rules]
    results = []
    for rule, result, values in _validate(suite, frame):
        if result.failed_count:
            result = replace(result, sample_keys=feed.sample_keys(con, rule, values))
        results.append(_with_sentence(result, len(frame), suite))
    return results


def validate(suite: Mapping[str, Any], frame: pd.DataFrame) -> list[RuleResult]:
    """Check a frame that already holds the suite's columns, computed ones included.

    Args:
        suite: A suite as ``expectations.load_suite`` returns it.
        frame: One row per record.

    Returns:
        One result per rule, in the suite's order, without sample keys.
    """
    return [_with_sentence(result, len(frame), suite) for _, result, _ in _validate(suite, frame)]


def to_check_results(
    results: Iterable[RuleResult], asset_key: dg.CoercibleToAssetKey
) -> list[dg.AssetCheckResult]:
    """Turn results into what Dagster records.

    Args:
        results: Results of one suite.
        asset_key: Asset that the specs of the suite were declared for.

    Returns:
        One check result per rule, with the failing keys as metadata.
    """
    return [
        dg.AssetCheckResult(
            asset_key=dg.AssetKey.from_coercible(asset_key),
            check_name=result.check,
            passed=result.passed,
            severity=(
                dg.AssetCheckSeverity.ERROR
                if result.severity == "critical"
                else dg.AssetCheckSeverity.WARN
            ),
            description=result.message,
            metadata=_metadata(result),
        )
        for result in results
    ]


def _metadata(result: RuleResult) -> dict[str, Any]:
    numbers = {
        "observed": result.observed,
        "failed_rows": result.failed_count,
        "failed_rate": result.failed_rate,
    }
    metadata: dict[str, Any] = {name: value for name, value in numbers.items() if value is not None}
    if result.sample_keys:
        metadata["failing_keys"] = dg.MetadataValue.json(list(result.sample_keys))
    return metadata | {"why": result.why, "fix": result.fix}


@cache
def _frames() -> Any:
    """Great Expectations' way in for a frame; made once, for it knows neither rules nor results."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("gates").add_dataframe_asset("table")
    return asset.add_batch_definition_whole_dataframe("all")


def _validate(
    suite: Mapping[str, Any], frame: pd.DataFrame
) -> list[tuple[dict[str, Any], RuleResult, list[Any]]]:
    """Run a suite on a frame: per rule its result, without a message, and the failing values."""
    frames = _frames()
    import great_expectations as gx

    report = frames.get_batch({"dataframe": frame}).validate(
        gx.ExpectationSuite(name=suite["name"], expectations=list(suite["expectations"])),
        result_format="BASIC",
    )
    # Results come back grouped by column, not in the suite's order.
    by_check = {item.expectation_config.meta["check"]: item for item in report.results}
    outcome: list[tuple[dict[str, Any], RuleResult, list[Any]]] = []
    for rule in suite["expectations"]:
        item = by_check.get(rule["meta"]["check"])
        column = rule["kwargs"].get("column")
        reason = None
        if item is None:
            reason = "Great Expectations returned no result for it"
        elif column is not None and column not in frame.columns:
            reason = f"column {column}, or one it is computed from, is missing"
        else:
            reason = _error_text(item.exception_info)
        if item is None or reason:
            outcome.append((rule, _result(suite, rule, reason=reason), []))
        else:
            outcome.append((rule, *_read(suite, rule, item)))
    return outcome


def _read(
    suite: Mapping[str, Any], rule: Mapping[str, Any], item: Any
) -> tuple[RuleResult, list[Any]]:
    facts = item.result
    passed = bool(item.success)
    if "unexpected_count" not in facts:
        value = facts.get("observed_value")
        observed = None if value is None or math.isnan(value) else float(value)
        return _result(suite, rule, passed=passed, observed=observed), []
    # The percentage is absent when no row has a value: then none breaks a rule on values.
    rate = (facts.get("unexpected_percent") or 0.0) / 100
    count = int(facts["unexpected_count"])
    values = [
        value.item() if hasattr(value, "item") else value
        for value in facts.get("partial_unexpected_list", [])
    ]
    result = _result(suite, rule, passed=passed, observed=1 - rate)
    return replace(result, failed_count=count, failed_rate=rate), values


def _error_text(info: Any) -> str | None:
    """Say what went wrong; the facts come flat or keyed by metric, depending on the error."""
    entries = [info] if "raised_exception" in info else list(info.values())
    raised = [entry for entry in entries if entry and entry.get("raised_exception")]
    if not raised:
        return None
    return str(raised[0].get("exception_message") or "unknown error").strip().splitlines()[-1]


def _result(
    suite: Mapping[str, Any],
    rule: Mapping[str, Any],
    *,
    passed: bool = False,
    observed: float | None = None,
    reason: str | None = None,
) -> RuleResult:
    """Start a result; a reason says why the rule could not be checked at all."""
    table, meta = suite["meta"]["table"], rule["meta"]
    message = ""
    if reason:
        message = f"{table}: {meta['check']} {'passed' if passed else 'could not be checked'}: "
        message += f"{reason}." if passed else f"{reason}. {meta['why']} Fix: {meta['fix']}"
    return RuleResult(
        table=table,
        check=meta["check"],
        severity=rule["severity"],
        passed=passed,
        observed=observed,
        failed_count=None,
        failed_rate=None,
        sample_keys=(),
        message=message,
        why=meta["why"],
        fix=meta["fix"],
    )


def _with_sentence(result: RuleResult, row_count: int, suite: Mapping[str, Any]) -> RuleResult:
    """Write a result as one line: rule, number of rows, sample keys, why and fix."""
    if result.message:
        return result
    text = f"{result.table}: {result.check} {'passed' if result.passed else 'failed'}"
    if result.failed_count is None:
        number = "nothing" if result.observed is None else f"{result.observed:,.4f}"
        text += f" (observed {number.rstrip('0').rstrip('.') if '.' in number else number})"
    elif result.failed_count:
        shown = ", ".join(result.sample_keys[:_SHOWN_KEYS])
        text += f" {'despite' if result.passed else 'for'} {result.failed_count:,} of"
        text += f" {row_count:,} {suite['meta'].get('rows', 'rows')}" + (
            f" (e.g. {shown})" if shown else ""
        )
    text += "." if result.passed else f". {result.why} Fix: {result.fix}"
    return replace(result, message=text)
