"""Who covers which account: model, solution, certificate, explanation.

Belongs here: one file per concept; :func:`optimization.plan_coverage.solve_coverage` is the
entry point. Does not belong here: the rules' independent check (see ``optimization.verify``).
"""
