"""The working DuckDB file and the classes that describe tables.

Belongs here: opening the file, tables as data, the landing contract. Does not belong here: what
any table means for a plan.
"""
