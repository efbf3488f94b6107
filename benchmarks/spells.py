"""Who was in charge of a generated account when: the model of dbt, over frames.

Belongs here: handing frames to the SQL of the model. Does not belong here: how spells are told from
deals (``dbt/models/marts/planning/strength_spells.sql``).
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import duckdb
import jinja2
import pandas as pd

_MODEL = Path(__file__).parent.parent / "dbt/models/marts/planning/strength_spells.sql"
TODAY = pd.Timestamp("2026-01-01")


def spells_of(
    deals: pd.DataFrame,
    accounts: pd.DataFrame,
    reps: pd.DataFrame,
    changes: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Tell from deals and present owners who was in charge of an account when.

    Args:
        deals: account_id, rep_id, age_days (since they were created), one row per deal.
        accounts: account_id, owner_rep_id, industry, geography, size_band.
        reps: rep_id, group_id.
        changes: Known changes of owner: account_id, age_days, to_rep_id; none by default.

    Returns:
        The mart ``strength_spells``, in order of account, age and rep.
    """
    known = changes if changes is not None else pd.DataFrame(columns=["account_id", "age_days"])
    frames = {
        "int_company__calendar": pd.DataFrame({"as_of_on": [TODAY]}),
        "int_accounts__segmented": accounts.rename(columns={"geography": "region"}),
        "stg_hr__employees": reps[["rep_id", "group_id"]],
        "int_opportunities__profiled": pd.DataFrame(
            {
                "opportunity_id": range(len(deals)),
                "account_id": deals["account_id"].astype(str),
                "rep_id": deals["rep_id"].astype(str),
                "created_on": TODAY - pd.to_timedelta(deals["age_days"], unit="D"),
            }
        ),
        "stg_history__past_changes": pd.DataFrame(
            {
                "account_id": known["account_id"].astype(str),
                "changed_on": TODAY - pd.to_timedelta(known["age_days"].astype(int), unit="D"),
                "to_rep_id": known.get("to_rep_id", pd.Series(dtype=str)).astype(str),
                "origin": "crm",
            }
        ),
    }
    dbt = SimpleNamespace(datediff=lambda start, end, part: f"datediff('{part}', {start}, {end})")
    template = jinja2.Template(_MODEL.read_text(encoding="utf-8"))
    query = template.render(ref=lambda name: name, dbt=dbt)
    with duckdb.connect() as connection:
        for name, frame in frames.items():
            connection.register(name, frame)
        return connection.execute(
            f"select * from ({query}) order by account_id, age_days desc, rep_id"
        ).df()
