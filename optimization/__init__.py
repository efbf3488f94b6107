"""The optimiser: who covers which account, and which quotas follow.

Belongs here: models, their solution, explanation and independent verification, as pure
functions from pandas frames to pandas frames; usable in a notebook. Does not belong here:
Dagster, DuckDB, file paths or configuration files (see ``dagster_project``).
"""
