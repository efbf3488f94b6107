"""Gates: suites of ``expectations`` run on tables, and the record of their verdicts.

Belongs here: running a suite, comparing pulls, recording results. Does not belong here: the rules
themselves (``expectations``), keys and relations (dbt).
"""
