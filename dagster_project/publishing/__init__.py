"""Publishing: a whole, verified plan replaces the last one, in every form, or not at all.

Belongs here: files, PostgreSQL, the list of published tables, kept plans, room on disk. Does not
belong here: what a plan holds.
"""
