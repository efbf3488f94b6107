"""The working DuckDB file and the words tables are described in.

Belongs here: opening the file, tables as data, the landing contract. Does not belong here: what
any table means for a plan.
"""
