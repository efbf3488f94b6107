"""Between warehouse and the estimate of strengths: read deals and spells, write the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.planning.strength_tables import STRENGTH_TABLES
from dagster_project.warehouse.duckdb_file import Warehouse, read_coded, write_frame

if TYPE_CHECKING:
    from optimization.tables import Strengths

# The estimate's arguments, and the mart each is read from.
STRENGTH_INPUTS = {
    "deals": "strength_deals",
    "spells": "strength_spells",
    "accounts": "strength_accounts",
    "reps": "strength_reps",
    "priors": "strength_priors",
    "product_mix": "strength_product_mix",
}
# Millions of rows with a handful of levels a column: codes take a tenth of the memory.
_LARGE = ("deals", "spells")


def estimate(warehouse: Warehouse) -> Strengths:
    """Estimate who wins and creates more than the accounts predict, and write it.

    Raises:
        optimization.errors.DataError: A deal lacks its outcome or age, or a spell its length.
    """
    from optimization.estimate_strengths import estimate_strengths

    with warehouse.connect() as connection:
        frames = {
            name: read_coded(connection, f"marts.{mart}")
            if name in _LARGE
            else connection.execute(f"select * from marts.{mart}").df()
            for name, mart in STRENGTH_INPUTS.items()
        }
        strengths = estimate_strengths(**frames)
        connection.execute("create schema if not exists strength")
        for name, table in STRENGTH_TABLES.items():
            write_frame(connection, table, getattr(strengths, name))
    return strengths
