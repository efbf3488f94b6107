"""Column lineage: a column's value is followed to the columns of the tables that a query reads."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from dagster_project.transform import lineage
from dagster_project.transform.lineage import ColumnLineage, follow

TABLES = {
    "raw": {
        "deals": {"deal_id": "VARCHAR", "rep_id": "VARCHAR", "amount": "DOUBLE"},
        "credits": {"deal_id": "VARCHAR", "refund": "DOUBLE"},
    }
}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            "select *, amount * 2 as twice from warehouse.raw.deals",
            {
                "deal_id": ["deals.deal_id"],
                "rep_id": ["deals.rep_id"],
                "amount": ["deals.amount"],
                "twice": ["deals.amount"],
            },
        ),
        (
            "with netted as (select d.rep_id, d.amount - coalesce(c.refund, 0) as net "
            "from raw.deals as d left join raw.credits as c using (deal_id)) "
            "select rep_id, sum(net) as won, count(*) as deals from netted group by all",
            {"rep_id": ["deals.rep_id"], "won": ["credits.refund", "deals.amount"], "deals": []},
        ),
        (
            "select deal_id as id, amount as v from raw.deals "
            "union all select deal_id, -refund from raw.credits",
            {
                "id": ["credits.deal_id", "deals.deal_id"],
                "v": ["credits.refund", "deals.amount"],
            },
        ),
        (
            "select rep_id, (select max(refund) from raw.credits) as worst from raw.deals "
            "where amount > 0",
            {"rep_id": ["deals.rep_id"], "worst": ["credits.refund"]},
        ),
        (
            "with recursive up as (select deal_id as id, 1 as n from raw.deals "
            "union all select id, n + 1 from up where n < 3) select id, n from up",
            {"id": ["deals.deal_id"], "n": []},
        ),
    ],
)
def test_a_column_is_followed_to_what_its_value_is_made_of(query, expected):
    found = {
        column: sorted(f"{table}.{name}" for _, table, name in sources)
        for column, sources in follow(query, TABLES).items()
    }
    assert found == expected


def test_a_query_that_cannot_be_followed_stops_nothing():
    assert follow("selekt this is not )( SQL", TABLES) == {}


def test_a_model_is_followed_again_only_when_it_or_what_it_reads_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed = []

    def listen(sql: str, schemas: lineage.Schemas) -> dict[str, list[lineage.Source]]:
        followed.append(sql)
        return follow(sql, schemas)

    monkeypatch.setattr(lineage, "follow", listen)
    with duckdb.connect() as con:
        con.execute("create schema raw; create table raw.deals (deal_id varchar)")

        def ask(sql: str) -> dict[str, list[lineage.Source]]:
            asked = ColumnLineage(con, tmp_path / "kept.json")
            found = asked.of_model("model.deals", sql, [("raw", "deals"), ("raw", "gone")])
            asked.keep()
            return found

        everything = "select * from raw.deals"
        first = ask(everything)
        assert first == ask(everything) == {"deal_id": [("raw", "deals", "deal_id")]}
        assert followed == [everything]
        con.execute("alter table raw.deals add column amount double")
        assert set(ask(everything)) == {"deal_id", "amount"}
        assert set(ask("select amount from raw.deals")) == {"amount"}
        assert len(followed) == 3
        (tmp_path / "kept.json").write_text("cut sho")
        assert set(ask(everything)) == {"deal_id", "amount"}
