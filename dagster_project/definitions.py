"""The code location: everything under ``defs/``, and nothing else."""

from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """Load the definitions; see ``dagster_project.defs`` for one module per concept."""
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
