"""The coverage problem as data: inputs, checks, families, constraints, limits.

Belongs here: what may be chosen and what holds. Does not belong here: finding a choice (``solve``)
or telling it (``report``).
"""
