"""Pulls: every kind of source lands the same tables, kept apart until the gates have passed.

Belongs here: a small module per kind of source, the choice between them, the record of pulls and
the swap of accepted tables. Does not belong here: verdicts on rows (``gates``).
"""
