"""The plan back-tested as a whole: inputs cut at a past date, the same pipeline run on them.

Belongs here: cutting the landed tables, building a past plan, keeping and publishing what it says
beside what came. Does not belong here: comparing and judging (``optimization.backtest``).
"""
