"""The company file: every setting, checked as a whole, and the small tables dbt reads of it.

Belongs here: sections, defaults, errors with path, line and fix. Does not belong here: pulls, or
anything that is decided from the settings.
"""
