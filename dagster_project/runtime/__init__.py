"""The process around a run: paths, the orchestrator's home, its event log, alerts, secrets.

Belongs here: what any company's run needs. Does not belong here: companies, tables or plans.
"""
