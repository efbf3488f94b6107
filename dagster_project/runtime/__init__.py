"""The process around a run: paths, the orchestrator, how a run is recorded, watched and told of.

Belongs here: what any company's run needs, secrets and alerts among it. Does not belong here:
companies, tables or plans.
"""
