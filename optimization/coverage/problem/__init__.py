"""The coverage problem as data: inputs, checks, constraints, families as units.

Belongs here: what may be chosen and what holds. Does not belong here: finding a choice (``solve``)
or explaining it (``report``).
"""
