"""What a plan of a past year said of rep, group and company, beside what came, and the verdict.

Belongs here: pure functions from a past plan's draws and actual bookings to rows and verdicts.
Does not belong here: making a past plan (``dagster_project.backtest``), estimating shocks
(``optimization.quotas.calibrate``).
"""
