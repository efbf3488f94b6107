"""The bound of a published plan, recomputed by the documented query on the published tables alone.

Slow: the three example companies are refreshed once (see ``tests/conftest.py``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

pytestmark = pytest.mark.whole_job

COMPANIES = ("demo_run", "maven_run", "adventureworks_run")
SAME = {"rel": 1e-9, "abs": 1e-6}


@pytest.fixture(scope="module")
def query(repository: Path) -> str:
    page = (repository / "docs" / "coverage.md").read_text(encoding="utf-8")
    [block] = [part for part in page.split("```sql\n")[1:] if "coverage_pairs" in part]
    return block.split("```")[0]


@pytest.fixture(params=COMPANIES)
def run(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def test_the_documented_query_finds_the_certificates_bound(run, query):
    [(stated, objective)] = run.published(
        "select bound_amount, objective_amount from plan_certificates"
    )
    [(found,)] = run.published(query)
    assert found == pytest.approx(stated, **SAME)
    assert found >= objective * (1 - 1e-9)


def test_the_query_reads_the_pairs_and_the_prices(demo_run, query, tmp_path):
    """A pair that were worth more, or an hour that cost nothing, would change the bound."""
    [(stated,)] = demo_run.published("select bound_amount from plan_certificates")
    path = tmp_path / "copy.duckdb"
    path.write_bytes(demo_run.published_path.read_bytes())
    path.chmod(0o644)
    with duckdb.connect(str(path)) as copy:
        copy.execute("update shadow_prices set shadow_price_amount = 0 where rule = 'hours'")
        [(without_prices,)] = copy.execute(query).fetchall()
        copy.execute("update coverage_pairs set value_amount = value_amount + 1")
        [(worth_more,)] = copy.execute(query).fetchall()
        [(accounts,)] = copy.execute("select count(*) from coverage_assignments").fetchall()
    assert without_prices > stated * (1 + 1e-6)
    assert worth_more == pytest.approx(without_prices + accounts, **SAME)


def test_every_plan_comes_with_its_proof_reasons_and_prices(run):
    [(accounts, explained, with_reason, runner_up)] = run.published(
        "select count(*), count(net_score_amount), count(nullif(sentence, '')), "
        "count(runner_up_rep_id) "
        "from coverage_assignments left join assignment_explanations using (account_id, rep_id)"
    )
    assert accounts == explained == with_reason > 0
    assert runner_up > 0.9 * accounts  # the house is always there to come second
    [(gap, sentence)] = run.published("select gap_rate, sentence from plan_certificates")
    assert 0 <= gap <= 0.01
    assert "best possible" in sentence
    assert run.published("select count(*) > 1 from shadow_prices") == [(True,)]
    assert run.published("select count(*) from hiring_advice where sentence is null") == [(0,)]
