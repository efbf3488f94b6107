"""Between warehouse and optimiser: what each plan reads, and what it writes.

Belongs here: which table feeds which argument, the shape of plan tables, earlier plans. Does not
belong here: any decision (``optimization``).
"""
