"""Running dbt in this process: the manifest, builds, and the strict check of the project.

Belongs here: starting dbt and reporting its outcome. Does not belong here: SQL (``dbt/``).
"""
