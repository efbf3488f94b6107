"""Between warehouse and the estimate of strengths: read the deals, hand them over, write tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.planning.strength_tables import STRENGTH_TABLES
from dagster_project.warehouse.duckdb_file import Warehouse, read_coded, write_frame

if TYPE_CHECKING:
    from optimization.tables import Strengths

# The estimate's arguments, and the mart each is read from.
STRENGTH_INPUTS = {
    "deals": "strength_deals",
    "accounts": "strength_accounts",
    "reps": "strength_reps",
    "priors": "strength_priors",
    "product_mix": "strength_product_mix",
}


def estimate(warehouse: Warehouse) -> Strengths:
    """Estimate who wins what more often than the deals predict, and write it.

    Raises:
        optimization.errors.DataError: A deal lacks its outcome or age.
    """
    from optimization.estimate_strengths import estimate_strengths

    with warehouse.connect() as connection:
        # Millions of deals with a handful of levels a column: codes take a tenth of the memory.
        frames = {
            name: read_coded(connection, f"marts.{mart}")
            if name == "deals"
            else connection.execute(f"select * from marts.{mart}").df()
            for name, mart in STRENGTH_INPUTS.items()
        }
        strengths = estimate_strengths(**frames)
        connection.execute("create schema if not exists strength")
        for name, table in STRENGTH_TABLES.items():
            write_frame(connection, table, getattr(strengths, name))
    return strengths
