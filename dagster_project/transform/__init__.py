"""Running dbt in this process: the manifest, builds, and the strict check of the project.

Belongs here: how dbt is started and how its outcome is told. Does not belong here: SQL (``dbt/``).
"""
